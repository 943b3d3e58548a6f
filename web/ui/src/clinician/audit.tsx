// The clinic's event log: who saw, changed or was refused what; for its practitioners, by person, kind and date.
import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import type { AuditEntryView, SearchAudit, StaffSession } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { DateField } from "../parts/date-field";
import { Field } from "../parts/field";
import { byCode, t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";
import { Frame } from "./frame";

export function Audit({ desk, session }: { desk: Desk; session: StaffSession }) {
  return (
    <Frame desk={desk} session={session}>
      <main class="page page-wide">
        <h1 class="h3">{t.audit.title}</h1>
        {session.role === "practitioner" ? (
          <Log desk={desk} />
        ) : (
          <Alert kind="info">{t.audit.practitionersOnly}</Alert>
        )}
      </main>
    </Frame>
  );
}

type Group = NonNullable<SearchAudit["group"]>;

interface Shown {
  wanted: SearchAudit;
  entries: AuditEntryView[];
  older: number | null;
}

function Log({ desk }: { desk: Desk }) {
  const group = useId();
  const person = useSignal("");
  const kind = useSignal<Group | null>(null);
  const from = useSignal("");
  const to = useSignal("");
  const shown = useSignal<Shown | null>(null);
  const command = useCommand();

  const search = () =>
    command.run("search", async () => {
      const wanted: SearchAudit = {
        person: person.value.trim(),
        group: kind.value,
        since_ms: midnight(from.value, 0),
        until_ms: midnight(to.value, 1),
        before: null,
      };
      shown.value = { wanted, ...(await desk.searchAudit(wanted)) };
    });
  const readOn = () =>
    command.run("older", async () => {
      const so = shown.value;
      if (so === null) return;
      const { entries, older } = await desk.searchAudit({ ...so.wanted, before: so.older });
      shown.value = { wanted: so.wanted, entries: [...so.entries, ...entries], older };
    });
  // The newest events to begin with; from then on by the button.
  useEffect(() => {
    void search();
  }, []);

  const submit = (event: Event) => {
    event.preventDefault();
    void search();
  };
  return (
    <>
      <p class="page-lead">{t.audit.lead}</p>
      <form class="panel audit-search" onSubmit={submit}>
        <Field
          label={t.audit.person}
          maxLength={100}
          value={person.value}
          onValue={(value) => (person.value = value)}
        />
        <div class="form-group">
          <label class="form-label" for={group}>
            {t.audit.group}
          </label>
          <select
            id={group}
            class="form-select"
            value={kind.value ?? ""}
            onChange={(event) => (kind.value = (event.currentTarget.value || null) as Group | null)}
          >
            <option value="">{t.audit.all}</option>
            {Object.entries(t.audit.groups).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <DateField label={t.audit.from} value={from.value} onValue={(value) => (from.value = value)} />
        <DateField label={t.audit.to} value={to.value} onValue={(value) => (to.value = value)} />
        <Button type="submit" look="primary" small busy={command.busy.value === "search"}>
          {t.audit.search}
        </Button>
      </form>
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      {shown.value === null && command.refusal.value === null && (
        <div class="spinner" role="status" aria-label={t.common.loading} />
      )}
      {shown.value?.entries.length === 0 && <p class="muted empty">{t.audit.none}</p>}
      {shown.value !== null && shown.value.entries.length > 0 && <Entries entries={shown.value.entries} />}
      {shown.value?.older != null && (
        <div class="buttons">
          <Button small busy={command.busy.value === "older"} onClick={readOn}>
            {t.audit.older}
          </Button>
        </div>
      )}
    </>
  );
}

function Entries({ entries }: { entries: AuditEntryView[] }) {
  return (
    <div class="panel audit-entries">
      <table class="table" aria-label={t.audit.title}>
        <thead>
          <tr>
            <th scope="col">{t.audit.time}</th>
            <th scope="col">{t.audit.event}</th>
            <th scope="col">{t.audit.who}</th>
            <th scope="col">{t.audit.about}</th>
            <th scope="col">{t.audit.purpose}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.number}>
              <td data-title={t.audit.time}>{t.common.instant(entry.at_ms)}</td>
              <td data-title={t.audit.event}>
                {byCode(t.audit.kinds, entry.kind) ?? entry.kind}
                {entry.detail && <span class="muted"> {detailOf(entry)}</span>}
              </td>
              <td data-title={t.audit.who}>{whoDid(entry)}</td>
              <td data-title={t.audit.about}>{concerned(entry.subjects)}</td>
              <td data-title={t.audit.purpose}>{t.audit.purposes[entry.purpose]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A refusal in words, and what was searched for as it was kept: with its digits masked. */
const detailOf = ({ kind, detail }: AuditEntryView) =>
  kind === "request_refused" ? (byCode(t.refusals, detail ?? "") ?? detail) : `»${detail}«`;

function whoDid({ actor_name, role, practitioner_name }: AuditEntryView): string {
  if (actor_name === "") return t.audit.roles[role] || t.audit.system;
  const what = [t.audit.roles[role]];
  if (practitioner_name && practitioner_name !== actor_name) what.push(t.audit.for(practitioner_name));
  return `${actor_name} (${what.join(" ")})`;
}

const FEW = 3;

function concerned(names: string[]): string {
  const few = names.slice(0, FEW).join(", ");
  return names.length > FEW ? t.audit.more(few, names.length - FEW) : few;
}

/** The beginning of a day on this clock, `later` days on; null for none. */
function midnight(date: string, later: number): number | null {
  const [year, month, day] = date.split("-").map(Number);
  if (!year || !month || !day) return null;
  return new Date(year, month - 1, day + later).getTime();
}
