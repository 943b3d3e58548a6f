// The consultations that are over: today's, which follow the board, or another day's, which are looked up.
import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import type { VisitView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { DateField } from "../parts/date-field";
import { useNow } from "../parts/ticking";
import { sections } from "../protocol/board";
import { danishDate } from "../protocol/danish-time";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";
import { Row, Section } from "./visits";

export function EndedSection({ desk, ended }: { desk: Desk; ended: VisitView[] }) {
  const now = useNow(10_000);
  const today = danishDate(now.value);
  /** The day that is looked up; empty for today. */
  const day = useSignal("");
  const found = useSignal<VisitView[] | null>(null);
  const refusal = useSignal<unknown>(null);

  useEffect(() => {
    found.value = null;
    refusal.value = null;
    const asked = day.value;
    if (asked === "") return;
    desk.endedOn(asked).then(
      (visits) => {
        if (day.peek() === asked) found.value = sections(visits).ended;
      },
      (error: unknown) => {
        if (day.peek() === asked) refusal.value = error;
      },
    );
  }, [day.value, desk]);

  const ofToday = ended.filter((visit) => danishDate(visit.ended_at_ms ?? 0) === today);
  const shown = day.value === "" ? ofToday : (found.value ?? []);
  const empty = day.value === "" ? t.desk.endedEmpty : t.desk.endedEmptyOn(t.settings.date(day.value));
  return (
    <Section
      title={t.desk.ended}
      count={shown.length}
      empty={found.value === null && day.value !== "" ? t.common.loading : empty}
      aside={
        <>
          <DateField
            label={t.desk.day}
            max={today}
            value={day.value === "" ? today : day.value}
            onValue={(picked) => (day.value = picked === today ? "" : picked)}
          />
          {day.value !== "" && (
            <Button look="tertiary" small onClick={() => (day.value = "")}>
              {t.desk.today}
            </Button>
          )}
        </>
      }
    >
      {refusal.value !== null && (
        <li>
          <Alert kind="error">{refusalText(refusal.value)}</Alert>
        </li>
      )}
      {shown.map((visit) => (
        <EndedVisit key={visit.id} desk={desk} visit={visit} now={now.value} />
      ))}
    </Section>
  );
}

function EndedVisit({ desk, visit, now }: { desk: Desk; visit: VisitView; now: number }) {
  const id = useId();
  const command = useCommand();
  const ended = visit.ended_at_ms ?? visit.joined_at_ms;
  const minutes = desk.board.value?.room.settings.resume_minutes ?? 0;
  const details = [
    t.desk.endedAt(t.common.time(ended)),
    ...(visit.practitioner_name ? [t.desk.by(visit.practitioner_name)] : []),
  ];
  return (
    <Row id={id} desk={desk} visit={visit} details={details}>
      {now - ended < minutes * 60_000 && (
        <Button
          small
          aria-describedby={id}
          busy={command.busy.value !== null}
          onClick={() => command.run("resume", () => desk.resume(visit))}
        >
          {t.desk.resume}
        </Button>
      )}
    </Row>
  );
}
