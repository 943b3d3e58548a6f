// A clinic's card as the patient sees it: its name, whether it is open, its message and how to reach it.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { t } from "../texts";
import { useNow } from "./ticking";

export interface ClinicFaceProps {
  name: string;
  open: boolean;
  message: string;
  /** Null where the number stands in what is told below. */
  phone: string | null;
  opensAtMs: number | null;
  children?: ComponentChildren;
}

export function ClinicFace({ name, open, message, phone, opensAtMs, children }: ClinicFaceProps) {
  const id = useId();
  const now = useNow(60_000);
  return (
    <section class="panel clinic-card" aria-labelledby={id}>
      <h2 class="panel-title">
        <span id={id}>{name}</span>{" "}
        <span class={`badge ${open ? "badge-success" : "badge-warning"}`}>
          {open ? t.patient.open : t.patient.closed}
        </span>
      </h2>
      <p class="message">{message}</p>
      {!open && opensAtMs !== null && <p class="strong">{t.room.opensAgain(opensAtMs, now.value)}</p>}
      {phone !== null && (
        <p class="muted">
          {t.patient.phone}: <Phone number={phone} />
        </p>
      )}
      {children}
    </section>
  );
}

/** A number that a click calls. */
export const Phone = ({ number }: { number: string }) => (
  <a class="phone" href={`tel:${number.replace(/\s/g, "")}`}>
    {number}
  </a>
);
