// The patients in the queue, each with the wait in colour, and the switches for what tells of an arrival.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { VisitView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { Icon } from "../parts/icon";
import { useNow } from "../parts/ticking";
import { t } from "../texts";
import type { Desk } from "./desk";
import { RejectDialog } from "./reject";
import { nextOf } from "./shortcuts";
import { Row, Section } from "./visits";

export function QueueSection({ desk, queue, open }: { desk: Desk; queue: VisitView[]; open: boolean }) {
  const { arrivals } = desk;
  const next = desk.shortcuts.on.value ? nextOf(queue) : undefined;
  return (
    <Section
      title={t.desk.queue}
      count={queue.length}
      empty={open ? t.desk.queueEmpty : t.desk.queueEmptyClosed}
      aside={
        <>
          <Toggle
            label={t.arrivals.sound}
            on={arrivals.sound.on.value}
            onToggle={(on) => arrivals.switchSound(on)}
          />
          <Toggle
            label={t.arrivals.notification}
            on={arrivals.notification.on.value}
            onToggle={(on) => void arrivals.switchNotification(on)}
          />
        </>
      }
      notice={arrivals.refused.value && <Alert kind="warning">{t.arrivals.refused}</Alert>}
    >
      {queue.map((visit) => (
        <QueuedVisit key={visit.id} desk={desk} visit={visit} isNext={visit === next} />
      ))}
    </Section>
  );
}

function Toggle({ label, on, onToggle }: { label: string; on: boolean; onToggle: (on: boolean) => void }) {
  return (
    <button type="button" class="toggle" role="switch" aria-checked={on} onClick={() => onToggle(!on)}>
      <Icon name={on ? "notifications" : "close"} />
      {label}
    </button>
  );
}

interface QueuedProps {
  desk: Desk;
  visit: VisitView;
  /** Whether this is who the key calls in. */
  isNext: boolean;
}

function QueuedVisit({ desk, visit, isNext }: QueuedProps) {
  const id = useId();
  const now = useNow(10_000);
  const command = useCommand();
  const rejecting = useSignal(false);
  return (
    <Row id={id} desk={desk} visit={visit} presence chats wait={waitOf(desk, visit, now.value)}>
      <Button
        look="primary"
        small
        aria-describedby={id}
        aria-keyshortcuts={isNext ? "n" : undefined}
        busy={command.busy.value === "accept"}
        onClick={() => command.run("accept", () => desk.visit(visit, "accept"))}
      >
        {t.desk.accept}
        {/* Its place is kept, so that no button moves when somebody becomes the next. */}
        {desk.shortcuts.on.value && (
          <span class={`key${isNext ? "" : " key-kept"}`} aria-hidden="true">
            {t.shortcuts.keys.next}
          </span>
        )}
      </Button>
      <Button small aria-describedby={id} onClick={() => (rejecting.value = true)}>
        {t.desk.reject}
      </Button>
      {rejecting.value && (
        <RejectDialog desk={desk} visit={visit} onClose={() => (rejecting.value = false)} />
      )}
    </Row>
  );
}

function waitOf(desk: Desk, visit: VisitView, now: number) {
  const settings = desk.board.value?.room.settings;
  const minutes = Math.max(0, Math.floor((now - visit.joined_at_ms) / 60_000));
  const text = t.desk.waited(t.common.minutes(minutes));
  const since = t.desk.joinedAt(t.common.time(visit.joined_at_ms));
  if (settings && minutes >= settings.wait_alarm_minutes) return { text, since, look: "alarm" as const };
  if (settings && minutes >= settings.wait_warning_minutes) return { text, since, look: "warning" as const };
  return { text, since, look: "usual" as const };
}
