// One clinic's card: open or closed, its message, and how the patient's visit there stands.
import type { ClinicCard, PatientVisit, QueueView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { ChatPanel } from "../parts/chat";
import { ClinicFace, Phone } from "../parts/clinic-face";
import { useCommand } from "../parts/command";
import { Icon } from "../parts/icon";
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
      phone={card.visit?.state === "rejected" ? null : card.phone}
      opensAtMs={card.opens_at_ms}
    >
      {card.visit && !waiting && <PastVisit visit={card.visit} card={card} child={child?.name} />}
      {waiting && <Waiting visit={waiting} queue={card.queue} child={child?.name} />}
      {waiting && <TurnNotice visitor={visitor} />}
      {waiting && (card.writes || waiting.chat.count > 0) && (
        <ChatPanel
          key={waiting.id}
          chat={visitor.chatOf(waiting.id)}
          stands={waiting.chat}
          own="patient"
          title={t.chat.titleForPatient}
          hint={t.chat.hintForPatient}
          writes={card.writes}
        />
      )}
      {command.refusal.value !== null && (
        <Alert kind="error">
          {refusalText(command.refusal.value)} {t.patient.orCall} <Phone number={card.phone} />
        </Alert>
      )}
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

interface WaitingProps {
  visit: PatientVisit;
  queue: QueueView | null;
  child: string | undefined;
}

function Waiting({ visit, queue, child }: WaitingProps) {
  const now = useNow(10_000);
  const wait = Math.max(0, Math.floor((now.value - visit.joined_at_ms) / 60_000));
  return (
    <div class="waiting" role="status">
      <h3 class="h5">{child ? t.patient.inQueueFor(child) : t.patient.inQueue}</h3>
      {queue?.place != null && <p class="place">{t.patient.place(queue.place)}</p>}
      {queue?.wait_from_minutes != null && (
        <p class="strong">{waitText(queue.wait_from_minutes, queue.wait_to_minutes)}</p>
      )}
      <p>{t.patient.waited(t.common.time(visit.joined_at_ms), t.common.minutes(wait))}</p>
      <p>{child ? t.patient.inQueueForBody : t.patient.inQueueBody}</p>
    </div>
  );
}

/** Never to the minute: nobody knows it so well. */
function waitText(from: number, to: number | null): string {
  if (to === null) return t.patient.waitLong;
  return from === 0 ? t.patient.waitUnder(to) : t.patient.waitRange(from, to);
}

/** Sound and title tell of the turn by themselves; a notification only when the patient has asked for it. */
function TurnNotice({ visitor }: { visitor: Visitor }) {
  const { turn } = visitor;
  if (!("Notification" in window)) return null;
  return (
    <div class="turn-notice">
      {turn.notification.on.value ? (
        <p class="muted" role="status">
          <Icon name="success" /> {t.patient.notified}
        </p>
      ) : (
        <Button small onClick={() => turn.switchNotification(true)}>
          <Icon name="notifications" />
          {t.patient.notify}
        </Button>
      )}
      {turn.refused.value && <Alert kind="warning">{t.patient.notifyRefused}</Alert>}
    </div>
  );
}

interface PastProps {
  visit: PatientVisit;
  card: ClinicCard;
  child: string | undefined;
}

function PastVisit({ visit, card, child }: PastProps) {
  if (visit.state === "ended")
    return (
      <Alert kind="success">
        <strong>{t.patient.ended}</strong>
        <p>{t.patient.endedBody}</p>
      </Alert>
    );
  if (visit.state === "rejected")
    return (
      <Alert kind="warning">
        <strong>{child ? t.patient.rejectedFor(child) : t.patient.rejected}</strong>
        {/* Who is refused as the room closes reads its message, which may stand on the card already. */}
        {visit.explanation && visit.explanation !== card.message && (
          <p class="message">{visit.explanation}</p>
        )}
        <p>
          {t.patient.callClinic} <Phone number={card.phone} />
        </p>
      </Alert>
    );
  if (visit.state === "left") return <Alert kind="info">{t.patient.left}</Alert>;
  return null;
}
