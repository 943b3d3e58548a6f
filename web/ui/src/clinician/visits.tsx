// One section of visits, and one row for each state that a visit stands in.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { VisitView } from "../generated/wire";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { ConfirmDialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { Icon } from "../parts/icon";
import { useNow } from "../parts/ticking";
import { whoOf } from "../protocol/board";
import { da } from "../texts/da";
import type { Desk } from "./desk";

interface SectionProps {
  title: string;
  count: number;
  empty: string;
  children: ComponentChildren;
}

export function Section({ title, count, empty, children }: SectionProps) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 class="panel-title">
        <span id={id}>{title}</span> <span class="count">{count}</span>
      </h2>
      {count === 0 ? <p class="muted empty">{empty}</p> : <ul class="rows no-max-width">{children}</ul>}
    </section>
  );
}

interface RowProps {
  id: string;
  visit: VisitView;
  details: string[];
  presence?: boolean;
  children?: ComponentChildren;
}

function Row({ id, visit, details, presence, children }: RowProps) {
  return (
    <li class="row">
      <div class="row-who">
        <span id={id} class="strong">
          {whoOf(visit)}
        </span>{" "}
        {visit.name === null ? (
          <span class="badge badge-info">{da.desk.child}</span>
        ) : (
          <span class="cpr">{visit.cpr}</span>
        )}
        <div class="row-details">
          {presence && (
            <span class={`presence ${visit.connected ? "presence-up" : "presence-down"}`}>
              {visit.connected ? da.desk.connected : da.desk.disconnected}
            </span>
          )}
          {details.map((detail) => (
            <span key={detail}>{detail}</span>
          ))}
        </div>
      </div>
      {children && <div class="row-actions">{children}</div>}
    </li>
  );
}

interface VisitProps {
  desk: Desk;
  visit: VisitView;
}

export function QueuedVisit({ desk, visit }: VisitProps) {
  const id = useId();
  const now = useNow(10_000);
  const command = useCommand();
  const rejecting = useSignal(false);
  const wait = Math.max(0, Math.floor((now.value - visit.joined_at_ms) / 60_000));
  return (
    <Row
      id={id}
      visit={visit}
      presence
      details={[da.desk.waitingSince(da.common.time(visit.joined_at_ms), da.common.minutes(wait))]}
    >
      <Button
        look="primary"
        small
        aria-describedby={id}
        busy={command.busy.value === "accept"}
        onClick={() => command.run("accept", () => desk.visit(visit, "accept"))}
      >
        {da.desk.accept}
      </Button>
      <Button small aria-describedby={id} onClick={() => (rejecting.value = true)}>
        {da.desk.reject}
      </Button>
      {rejecting.value && (
        <RejectDialog desk={desk} visit={visit} onClose={() => (rejecting.value = false)} />
      )}
    </Row>
  );
}

export function OngoingVisit({ desk, visit }: VisitProps) {
  const id = useId();
  const command = useCommand();
  const ending = useSignal(false);
  const inCall = visit.state === "in_call";
  const details = [
    inCall && visit.started_at_ms !== null
      ? da.desk.inCallSince(da.common.time(visit.started_at_ms))
      : da.desk.acceptedAt(da.common.time(visit.accepted_at_ms ?? visit.joined_at_ms)),
    ...(visit.practitioner_name ? [da.desk.by(visit.practitioner_name)] : []),
  ];
  const showTab = (event: MouseEvent) => {
    event.preventDefault();
    desk.showCall(visit);
  };
  return (
    <Row id={id} visit={visit} presence details={details}>
      {inCall ? (
        <a class="tab-link" href={desk.callPage(visit)} target="_blank" rel="noreferrer" onClick={showTab}>
          {da.desk.openTab} <Icon name="openInNew" />
        </a>
      ) : (
        <>
          <Button
            look="primary"
            small
            aria-describedby={id}
            busy={command.busy.value === "start"}
            onClick={() => command.run("start", () => desk.startVideo(visit))}
          >
            <Icon name="videocam" />
            {da.desk.startVideo}
          </Button>
          <Button
            small
            aria-describedby={id}
            busy={command.busy.value === "put_back"}
            onClick={() => command.run("put_back", () => desk.visit(visit, "put_back"))}
          >
            {da.desk.putBack}
          </Button>
        </>
      )}
      <Button small aria-describedby={id} onClick={() => (ending.value = true)}>
        {da.desk.end}
      </Button>
      {ending.value && (
        <ConfirmDialog
          title={da.endDialog.title}
          confirm={da.endDialog.confirm}
          onConfirm={() => desk.end(visit)}
          onClose={() => (ending.value = false)}
        >
          <p>{da.endDialog.body(whoOf(visit))}</p>
        </ConfirmDialog>
      )}
    </Row>
  );
}

export function EndedVisit({ visit }: { visit: VisitView }) {
  const id = useId();
  const details = [
    da.desk.endedAt(da.common.time(visit.ended_at_ms ?? visit.joined_at_ms)),
    ...(visit.practitioner_name ? [da.desk.by(visit.practitioner_name)] : []),
  ];
  return <Row id={id} visit={visit} details={details} />;
}

function RejectDialog({ desk, visit, onClose }: VisitProps & { onClose: () => void }) {
  const explanation = useSignal("");
  return (
    <ConfirmDialog
      title={da.rejectDialog.title(whoOf(visit))}
      confirm={da.rejectDialog.confirm}
      onConfirm={() => desk.reject(visit, explanation.value.trim())}
      onClose={onClose}
    >
      <Field
        label={da.rejectDialog.explanation}
        hint={da.rejectDialog.hint}
        rows={3}
        maxLength={500}
        value={explanation.value}
        onValue={(value) => (explanation.value = value)}
      />
    </ConfirmDialog>
  );
}
