// One clinic's card: open or closed, its message, and how the patient's visit there stands.
import type { ClinicCard, PatientVisit } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { ClinicFace } from "../parts/clinic-face";
import { useCommand } from "../parts/command";
import { useNow } from "../parts/ticking";
import { da } from "../texts/da";
import { refusalText } from "../texts/refusal";
import type { Visitor } from "./visitor";

export function Card({ visitor, card }: { visitor: Visitor; card: ClinicCard }) {
  const command = useCommand();
  const child = visitor.childOf(card);
  const open = card.room === "open";
  const waiting = card.visit?.state === "waiting" ? card.visit : null;

  const join = () => {
    // The browser asks for the camera while the click still stands before the patient's eyes.
    void visitor.openDevices();
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
            {da.patient.leave}
          </Button>
        </div>
      )}
      {open && !waiting && (
        <div class="buttons">
          <Button look="primary" busy={command.busy.value !== null} onClick={() => command.run("join", join)}>
            {child === null ? da.patient.join : da.patient.joinFor(child.name)}
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
      <h3 class="h5">{child ? da.patient.inQueueFor(child) : da.patient.inQueue}</h3>
      <p>{da.patient.since(da.common.time(visit.joined_at_ms), da.common.minutes(wait))}</p>
      <p>{child ? da.patient.inQueueForBody : da.patient.inQueueBody}</p>
    </div>
  );
}

function PastVisit({ visit, phone }: { visit: PatientVisit; phone: string }) {
  if (visit.state === "ended")
    return (
      <Alert kind="success">
        <strong>{da.patient.ended}</strong> <span>{da.patient.endedBody}</span>
      </Alert>
    );
  if (visit.state === "rejected")
    return (
      <Alert kind="warning">
        <strong>{da.patient.rejected}</strong>
        {visit.explanation && <p class="message">{visit.explanation}</p>}
        <p>{da.patient.callClinic(phone)}</p>
      </Alert>
    );
  if (visit.state === "left") return <Alert kind="info">{da.patient.left}</Alert>;
  return null;
}
