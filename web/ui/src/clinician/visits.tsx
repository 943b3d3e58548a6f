// One section of visits, one row of it, and the row of a consultation under way.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { VisitView } from "../generated/wire";
import { Button } from "../parts/button";
import { ChatPanel } from "../parts/chat";
import { useCommand } from "../parts/command";
import { ConfirmDialog } from "../parts/dialog";
import { Icon } from "../parts/icon";
import { whoOf } from "../protocol/board";
import { t } from "../texts";
import { Attendance } from "./attendance";
import type { Desk } from "./desk";
import { HandOver } from "./hand-over";
import { Notes } from "./notes";

interface SectionProps {
  title: string;
  count: number;
  empty: string;
  /** What stands at the other end of the title. */
  aside?: ComponentChildren;
  notice?: ComponentChildren;
  /** The pointer moves over the rows, or presses there. */
  onPointed?: () => void;
  children: ComponentChildren;
}

export function Section({ title, count, empty, aside, notice, onPointed, children }: SectionProps) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={id}>
      <div class="section-head">
        <h2 class="panel-title">
          <span id={id}>{title}</span> <span class="count">{count}</span>
        </h2>
        {aside && <div class="section-aside">{aside}</div>}
      </div>
      {notice}
      {count === 0 ? (
        <p class="muted empty">{empty}</p>
      ) : (
        <ul class="rows no-max-width" onPointerMove={onPointed} onPointerDown={onPointed}>
          {children}
        </ul>
      )}
    </section>
  );
}

interface RowProps {
  id: string;
  desk: Desk;
  visit: VisitView;
  details?: string[];
  presence?: boolean;
  /** Whether to show the messages with the patient. */
  chats?: boolean;
  /** Whether only the place is kept, of somebody who is not here any longer: there is nothing to press. */
  gone?: boolean;
  /** How long somebody has waited, and since when. */
  wait?: { text: string; since: string; look: "usual" | "warning" | "alarm" };
  children?: ComponentChildren;
}

export function Row({ id, desk, visit, details = [], presence, chats, gone, wait, children }: RowProps) {
  const writing = useSignal(false);
  const chatting = useSignal(false);
  const grace = desk.board.value?.room.settings.grace_minutes ?? 0;
  return (
    <li
      class={`row${wait ? ` wait-${wait.look}` : ""}${gone ? " row-gone" : ""}`}
      inert={gone}
      aria-hidden={gone || undefined}
    >
      <div class="row-who">
        <div class="row-name">
          <span id={id} class="strong">
            {whoOf(visit)}
          </span>{" "}
          {visit.name === null ? (
            <span class="badge badge-info">{t.desk.child}</span>
          ) : (
            <span class="cpr">{visit.cpr}</span>
          )}
        </div>
        {wait && (
          <div class="row-wait">
            <span class="wait">
              {wait.text}
              {wait.look !== "usual" && <span class="sr-only"> {t.desk.longWait[wait.look]}</span>}
            </span>
            <span>{wait.since}</span>
          </div>
        )}
        <div class="row-details">
          {presence && <Attendance visit={visit} graceMinutes={grace} />}
          {details.map((detail) => (
            <span key={detail}>{detail}</span>
          ))}
        </div>
      </div>
      <div class="row-actions">
        {children}
        {chats && (
          <Button
            look="tertiary"
            small
            aria-describedby={id}
            aria-expanded={chatting.value}
            onClick={() => (chatting.value = !chatting.value)}
          >
            {t.chat.open}
            {visit.chat.unread > 0 && (
              <span class="unread">
                {visit.chat.unread}
                <span class="sr-only"> {t.chat.unread(visit.chat.unread)}</span>
              </span>
            )}
          </Button>
        )}
        <Button
          look="tertiary"
          small
          aria-describedby={id}
          aria-expanded={writing.value}
          onClick={() => (writing.value = !writing.value)}
        >
          {t.notes.write}
        </Button>
      </div>
      <Notes desk={desk} visit={visit} writing={writing.value} onWritten={() => (writing.value = false)} />
      {chatting.value && (
        <ChatPanel
          chat={desk.chatOf(visit)}
          stands={visit.chat}
          own="clinic"
          title={t.chat.title(whoOf(visit))}
          hint={desk.chats(visit) ? t.chat.hint : t.chat.off}
          writes={desk.chats(visit)}
        />
      )}
    </li>
  );
}

interface VisitProps {
  desk: Desk;
  visit: VisitView;
}

export function OngoingVisit({ desk, visit }: VisitProps) {
  const id = useId();
  const command = useCommand();
  const ending = useSignal(false);
  const inCall = visit.state === "in_call";
  const details = [
    inCall && visit.started_at_ms !== null
      ? t.desk.inCallSince(t.common.time(visit.started_at_ms))
      : t.desk.acceptedAt(t.common.time(visit.accepted_at_ms ?? visit.joined_at_ms)),
    ...(visit.practitioner_name ? [t.desk.by(visit.practitioner_name)] : []),
  ];
  // A colleague's call is opened by taking over: two tabs would take it from each other.
  const own = visit.practitioner_id === desk.session.value?.practitioner?.id;
  const showTab = (event: MouseEvent) => {
    event.preventDefault();
    desk.showCall(visit);
  };
  return (
    <Row id={id} desk={desk} visit={visit} presence chats details={details}>
      {own && inCall && (
        <a
          class="button button-secondary button-small"
          href={desk.callPage(visit)}
          target="_blank"
          rel="noreferrer"
          aria-describedby={id}
          onClick={showTab}
        >
          {t.desk.openTab} <Icon name="openInNew" />
        </a>
      )}
      {!own && inCall && (
        <a
          class="button button-secondary button-small"
          href={desk.joinedCallPage(visit)}
          target="_blank"
          rel="noreferrer"
          aria-describedby={id}
        >
          {t.desk.joinCall} <Icon name="openInNew" />
        </a>
      )}
      {own && !inCall && (
        <Button
          look="primary"
          small
          aria-describedby={id}
          busy={command.busy.value === "start"}
          onClick={() => command.run("start", () => desk.startVideo(visit))}
        >
          <Icon name="videocam" />
          {t.desk.startVideo}
        </Button>
      )}
      {!inCall && (
        <Button
          small
          aria-describedby={id}
          busy={command.busy.value === "put_back"}
          onClick={() => command.run("put_back", () => desk.visit(visit, "put_back"))}
        >
          {t.desk.putBack}
        </Button>
      )}
      <HandOver desk={desk} visit={visit} describedBy={id} />
      <Button small aria-describedby={id} onClick={() => (ending.value = true)}>
        {t.desk.end}
      </Button>
      {ending.value && (
        <ConfirmDialog
          title={t.endDialog.title}
          confirm={t.endDialog.confirm}
          onConfirm={() => desk.end(visit)}
          onClose={() => (ending.value = false)}
        >
          <p>{t.endDialog.body(whoOf(visit))}</p>
        </ConfirmDialog>
      )}
    </Row>
  );
}
