// The patients in the queue, each with the wait in colour, and the switches for what tells of an arrival.
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { VisitView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { Icon } from "../parts/icon";
import { useNow } from "../parts/ticking";
import { Still } from "../protocol/still";
import { t } from "../texts";
import type { Desk } from "./desk";
import { RejectDialog } from "./reject";
import { nextOf } from "./shortcuts";
import { Row, Section } from "./visits";

export function QueueSection({ desk, queue, open }: { desk: Desk; queue: VisitView[]; open: boolean }) {
  const { arrivals } = desk;
  const next = desk.shortcuts.on.value ? nextOf(queue) : undefined;
  const still = useStill<VisitView>();
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
      onPointed={() => still.pointed()}
      notice={arrivals.refused.value && <Alert kind="warning">{t.arrivals.refused}</Alert>}
    >
      {still.places(queue).map(({ item, gone }) => (
        <QueuedVisit key={item.id} desk={desk} visit={item} isNext={item === next} gone={gone} />
      ))}
    </Section>
  );
}

function useStill<T extends { id: string }>(): Still<T> {
  const drawn = useSignal(0);
  void drawn.value;
  const still = useRef<Still<T> | null>(null);
  still.current ??= new Still<T>(() => {
    drawn.value += 1;
  });
  useEffect(() => () => still.current?.close(), []);
  return still.current;
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
  /** Whether this is but the place of somebody who was here until just now. */
  gone: boolean;
}

function QueuedVisit({ desk, visit, isNext, gone }: QueuedProps) {
  const id = useId();
  const now = useNow(10_000);
  const command = useCommand();
  const rejecting = useSignal(false);
  return (
    <Row
      id={id}
      desk={desk}
      visit={visit}
      presence
      chats
      gone={gone}
      wait={gone ? goneWait(visit) : waitOf(desk, visit, now.value)}
    >
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
      {rejecting.value && !gone && (
        <RejectDialog desk={desk} visit={visit} onClose={() => (rejecting.value = false)} />
      )}
    </Row>
  );
}

const sinceOf = (visit: VisitView) => t.desk.joinedAt(t.common.time(visit.joined_at_ms));

const goneWait = (visit: VisitView) => ({
  text: t.desk.leftQueue,
  since: sinceOf(visit),
  look: "usual" as const,
});

function waitOf(desk: Desk, visit: VisitView, now: number) {
  const settings = desk.board.value?.room.settings;
  const minutes = Math.max(0, Math.floor((now - visit.joined_at_ms) / 60_000));
  const text = t.desk.waited(t.common.minutes(minutes));
  const since = sinceOf(visit);
  if (settings && minutes >= settings.wait_alarm_minutes) return { text, since, look: "alarm" as const };
  if (settings && minutes >= settings.wait_warning_minutes) return { text, since, look: "warning" as const };
  return { text, since, look: "usual" as const };
}
