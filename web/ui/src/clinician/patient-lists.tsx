// Many patients at once: a pasted list or a CSV file, looked through before it is added; and those not seen for long.
import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import type { PastedRowView, StaffSession, UnseenPatients } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { Field } from "../parts/field";
import { Icon } from "../parts/icon";
import { whoOf } from "../protocol/board";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";
import { Frame } from "./frame";

export function PatientLists({ desk, session }: { desk: Desk; session: StaffSession }) {
  return (
    <Frame desk={desk} session={session}>
      <main class="page">
        <h1 class="h3">{t.lists.title}</h1>
        <AddMany desk={desk} />
        <Reminder desk={desk} />
      </main>
    </Frame>
  );
}

function AddMany({ desk }: { desk: Desk }) {
  const id = useId();
  const text = useSignal("");
  const rows = useSignal<PastedRowView[] | null>(null);
  const added = useSignal(false);
  const command = useCommand();
  const ok = rows.value?.filter((row) => row.outcome === "ok").length ?? 0;

  const take = (value: string) => {
    text.value = value;
    rows.value = null;
    added.value = false;
  };
  const preview = () =>
    command.run("preview", async () => {
      added.value = false;
      rows.value = await desk.previewPatients(text.value);
    });
  const add = () =>
    command.run("add", async () => {
      rows.value = await desk.addPatients(text.value);
      added.value = true;
      text.value = "";
    });
  const read = async (event: { currentTarget: HTMLInputElement }) => {
    const input = event.currentTarget;
    const file = input.files?.[0];
    if (file === undefined) return;
    take(await file.text());
    input.value = "";
    await preview();
  };

  return (
    <section class="panel" aria-labelledby={id}>
      <h2 class="panel-title" id={id}>
        {t.lists.many}
      </h2>
      <Field label={t.lists.paste} hint={t.lists.manyHint} rows={5} value={text.value} onValue={take} />
      <div class="buttons">
        <Button
          small
          disabled={text.value.trim() === ""}
          busy={command.busy.value === "preview"}
          onClick={preview}
        >
          {t.lists.preview}
        </Button>
        <label class="button button-secondary button-small file-button">
          {t.lists.file}
          <input
            type="file"
            class="sr-only"
            accept=".csv,.txt,text/csv,text/plain"
            disabled={command.busy.value !== null}
            onChange={read}
          />
        </label>
      </div>
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      {rows.value?.length === 0 && <p class="muted empty">{t.lists.noRows}</p>}
      {rows.value !== null && rows.value.length > 0 && (
        <Rows title={added.value ? t.lists.done : t.lists.previewed} rows={rows.value} />
      )}
      {ok > 0 && (
        <div class="buttons">
          <Button look="primary" small busy={command.busy.value === "add"} onClick={add}>
            {t.lists.addOk(ok)}
          </Button>
        </div>
      )}
    </section>
  );
}

function Rows({ title, rows }: { title: string; rows: PastedRowView[] }) {
  return (
    <div class="audit-entries" role="status">
      <table class="table" aria-label={title}>
        <caption class="strong">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{t.lists.line}</th>
            <th scope="col">{t.lists.cpr}</th>
            <th scope="col">{t.lists.outcome}</th>
            <th scope="col">{t.lists.name}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.line}>
              <td>{row.line}</td>
              <td>{row.cpr}</td>
              <td data-title={t.lists.outcome}>
                <span class={`badge badge-${LOOKS[row.outcome]}`}>{t.lists.outcomes[row.outcome]}</span>
              </td>
              <td data-title={t.lists.name}>{row.name ?? (row.is_child && t.desk.child)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const LOOKS: Record<PastedRowView["outcome"], string> = {
  ok: "success",
  added: "success",
  malformed: "error",
  unknown: "error",
  present: "info",
  repeated: "warning",
};

function Reminder({ desk }: { desk: Desk }) {
  const id = useId();
  const found = useSignal<UnseenPatients | null>(null);
  const command = useCommand();
  const version = desk.patientListVersion.value;
  const days = desk.board.value?.room.settings.reminder_days;

  // `version` stands for a change of the list, `days` for one of the reminder, by somebody.
  useEffect(() => {
    let mine = true;
    desk.unseenPatients().then(
      (answer) => {
        if (mine) found.value = answer;
      },
      (error: unknown) => {
        if (mine) command.refusal.value = error;
      },
    );
    return () => {
      mine = false;
    };
  }, [version, days, desk]);

  return (
    <section class="panel" aria-labelledby={id}>
      <h2 class="panel-title" id={id}>
        {t.lists.unseen}
      </h2>
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      {found.value !== null && (
        <>
          <p class="muted empty">
            {found.value.patients.length > 0
              ? t.lists.unseenLead(found.value.days)
              : t.lists.unseenNone(found.value.days)}
          </p>
          <ul class="rows no-max-width">
            {found.value.patients.map(({ patient, last_seen_ms }) => (
              <li class="row" key={patient.id}>
                <div class="row-who">
                  <span class="strong">{whoOf(patient)}</span>{" "}
                  {patient.name === null ? (
                    <span class="badge badge-info">{t.desk.child}</span>
                  ) : (
                    <span class="cpr">{patient.cpr}</span>
                  )}
                  <div class="row-details">
                    {last_seen_ms === null
                      ? t.lists.neverSeen(t.common.date(patient.added_at_ms))
                      : t.lists.lastSeen(t.common.date(last_seen_ms))}
                  </div>
                </div>
                <Button
                  small
                  aria-label={t.patients.remove(whoOf(patient))}
                  busy={command.busy.value === patient.id}
                  onClick={() => command.run(patient.id, () => desk.removePatient(patient.id))}
                >
                  <Icon name="close" />
                  {t.patients.removeConfirm}
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
      {days !== undefined && <Days desk={desk} days={days} />}
    </section>
  );
}

function Days({ desk, days }: { desk: Desk; days: number }) {
  const draft = useSignal<string | null>(null);
  const saved = useSignal(false);
  const command = useCommand();
  const submit = async (event: Event) => {
    event.preventDefault();
    const settings = desk.board.value?.room.settings;
    if (settings === undefined || draft.value === null) return;
    const reminder_days = Number(draft.value);
    saved.value = await command.run("save", () => desk.setSettings({ ...settings, reminder_days }));
    if (saved.value) draft.value = null;
  };
  return (
    <form class="one-line reminder-days" onSubmit={submit}>
      <Field
        label={t.lists.days}
        inputMode="numeric"
        maxLength={4}
        value={draft.value ?? String(days)}
        onValue={(value) => {
          draft.value = value;
          saved.value = false;
        }}
        error={command.refusal.value !== null ? refusalText(command.refusal.value) : undefined}
      />
      <Button type="submit" small disabled={draft.value === null} busy={command.busy.value !== null}>
        {t.lists.saveDays}
      </Button>
      {saved.value && <p role="status">{t.lists.daysSaved}</p>}
    </form>
  );
}
