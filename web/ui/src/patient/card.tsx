// One clinic's card: open or closed, its message, and how the patient's visit there stands.
import type { ClinicCard, PatientVisit } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { ClinicFace } from "../parts/clinic-face";
import { useCommand } from "../parts/command";
import { useNow } from "../parts/ticking";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Visitor } from "./visitor";

export function Card({ visitor, card }: { visitor: Visitor; card: ClinicCard }) {
  const command = useCommand();
  const child = visitor.childOf(card);
  const open = card.room === "open";
  const waiting = card.visit?.state === "waiting" ? card.visit : null;

  const join = () => {
    // The browser asks for the camera while the click still stands before the patient's eyes.
    void visitor.own.open();
    return visitor.join(card);
  };

  return (
    <ClinicFace
      name={card.name}
      open={open}
      message={card.message}
      phone={card.phone}
      opensAtMs={card.opens_at_ms}
    >
      {card.visit && !waiting && <PastVisit visit={card.visit} phone={card.phone} />}
      {waiting && <Waiting visit={waiting} child={child?.name} />}
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      {waiting && (
        <div class="buttons">
          <Button
            busy={command.busy.value !== null}
            onClick={() => command.run("leave", () => visitor.leave(card))}
          >
            {t.patient.leave}
          </Button>
        </div>
      )}
      {open && !waiting && (
        <div class="buttons">
          <Button look="primary" busy={command.busy.value !== null} onClick={() => command.run("join", join)}>
            {child === null ? t.patient.join : t.patient.joinFor(child.name)}
          </Button>
        </div>
      )}
    </ClinicFace>
  );
}

function Waiting({ visit, child }: { visit: PatientVisit; child: string | undefined }) {
  const now = useNow(10_000);
  const wait = Math.max(0, Math.floor((now.value - visit.joined_at_ms) / 60_000));
  return (
    <div class="waiting" role="status">
      <h3 class="h5">{child ? t.patient.inQueueFor(child) : t.patient.inQueue}</h3>
      <p>{t.patient.since(t.common.time(visit.joined_at_ms), t.common.minutes(wait))}</p>
      <p>{child ? t.patient.inQueueForBody : t.patient.inQueueBody}</p>
    </div>
  );
}

function PastVisit({ visit, phone }: { visit: PatientVisit; phone: string }) {
  if (visit.state === "ended")
    return (
      <Alert kind="success">
        <strong>{t.patient.ended}</strong> <span>{t.patient.endedBody}</span>
      </Alert>
    );
  if (visit.state === "rejected")
    return (
      <Alert kind="warning">
        <strong>{t.patient.rejected}</strong>
        {visit.explanation && <p class="message">{visit.explanation}</p>}
        <p>{t.patient.callClinic(phone)}</p>
      </Alert>
    );
  if (visit.state === "left") return <Alert kind="info">{t.patient.left}</Alert>;
  return null;
}
