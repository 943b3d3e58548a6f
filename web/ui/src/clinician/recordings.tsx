// The clinic's recordings: found by day and patient, played, and deleted; for its practitioners.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { KeptRecordingView, SearchRecordings, StaffSession } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { DateField } from "../parts/date-field";
import { ConfirmDialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { byCode, t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";
import { Frame } from "./frame";
import { Player } from "./player";

export function Recordings({ desk, session }: { desk: Desk; session: StaffSession }) {
  return (
    <Frame desk={desk} session={session}>
      <main class="page page-wide">
        <h1 class="h3">{t.recordings.title}</h1>
        {session.role === "practitioner" ? (
          <Kept desk={desk} />
        ) : (
          <Alert kind="info">{t.recordings.practitionersOnly}</Alert>
        )}
      </main>
    </Frame>
  );
}

interface Shown {
  wanted: SearchRecordings;
  recordings: KeptRecordingView[];
  older: string | null;
}

function Kept({ desk }: { desk: Desk }) {
  const day = useSignal("");
  const person = useSignal("");
  const shown = useSignal<Shown | null>(null);
  const removed = useSignal(false);
  const command = useCommand();

  const search = () =>
    command.run("search", async () => {
      const wanted = { day: day.value || null, person: person.value.trim(), before: null };
      shown.value = { wanted, ...(await desk.searchRecordings(wanted)) };
    });
  const readOn = () =>
    command.run("older", async () => {
      const so = shown.value;
      if (so === null) return;
      const { recordings, older } = await desk.searchRecordings({ ...so.wanted, before: so.older });
      shown.value = { wanted: so.wanted, recordings: [...so.recordings, ...recordings], older };
    });
  // The newest to begin with; from then on by the button.
  useEffect(() => {
    void search();
  }, []);

  const remove = async (recording: KeptRecordingView) => {
    await desk.deleteRecording(recording.id);
    removed.value = true;
    const so = shown.value;
    if (so !== null)
      shown.value = { ...so, recordings: so.recordings.filter(({ id }) => id !== recording.id) };
  };
  const submit = (event: Event) => {
    event.preventDefault();
    removed.value = false;
    void search();
  };
  return (
    <>
      <p class="page-lead">{t.recordings.lead}</p>
      <form class="panel audit-search" onSubmit={submit}>
        <Field
          label={t.recordings.person}
          maxLength={100}
          value={person.value}
          onValue={(value) => (person.value = value)}
        />
        <DateField label={t.recordings.day} value={day.value} onValue={(value) => (day.value = value)} />
        <Button type="submit" look="primary" small busy={command.busy.value === "search"}>
          {t.recordings.search}
        </Button>
      </form>
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      {removed.value && <Alert kind="success">{t.recordings.removed}</Alert>}
      {shown.value === null && command.refusal.value === null && (
        <div class="spinner" role="status" aria-label={t.common.loading} />
      )}
      {shown.value?.recordings.length === 0 && <p class="muted empty">{t.recordings.none}</p>}
      <ul class="rows no-max-width" aria-label={t.recordings.title}>
        {shown.value?.recordings.map((recording) => (
          <Row key={recording.id} desk={desk} recording={recording} remove={() => remove(recording)} />
        ))}
      </ul>
      {shown.value?.older != null && (
        <div class="buttons">
          <Button small busy={command.busy.value === "older"} onClick={readOn}>
            {t.recordings.older}
          </Button>
        </div>
      )}
    </>
  );
}

interface RowProps {
  desk: Desk;
  recording: KeptRecordingView;
  remove: () => Promise<void>;
}

function Row({ desk, recording, remove }: RowProps) {
  const playing = useSignal(false);
  const removing = useSignal(false);
  const name = recording.patient_name;
  return (
    <li class="row panel">
      <div class="row-who">
        <span class="strong">{name}</span>
        <div class="row-details">
          <span>{t.common.instant(recording.began_at_ms ?? recording.asked_at_ms)}</span>
          <span>{lengthOf(recording)}</span>
          <span>{t.desk.by(recording.practitioner_name)}</span>
          {recording.fault && (
            <span>
              {t.recordings.brokenOff(byCode(t.recording.faults, recording.fault) ?? t.recording.otherFault)}
            </span>
          )}
        </div>
        <details>
          <summary>{t.recordings.consent}</summary>
          {recording.answered_at_ms != null && (
            <p class="muted">{t.recordings.agreedAt(t.common.instant(recording.answered_at_ms))}</p>
          )}
          <p class="message">{recording.consent}</p>
        </details>
      </div>
      <div class="row-actions">
        <Button
          look="primary"
          small
          aria-label={playing.value ? undefined : t.recordings.playOf(name)}
          aria-expanded={playing.value}
          disabled={recording.length_ms === null}
          onClick={() => (playing.value = !playing.value)}
        >
          {playing.value ? t.common.close : t.recordings.play}
        </Button>
        <Button small aria-label={t.recordings.removeOf(name)} onClick={() => (removing.value = true)}>
          {t.recordings.remove}
        </Button>
      </div>
      {playing.value && <Player desk={desk} recording={recording} />}
      {removing.value && (
        <ConfirmDialog
          title={t.recordings.removeTitle}
          confirm={t.recordings.removeConfirm}
          onConfirm={remove}
          onClose={() => (removing.value = false)}
        >
          <p>{t.recordings.removeBody(name)}</p>
        </ConfirmDialog>
      )}
    </li>
  );
}

function lengthOf({ length_ms }: KeptRecordingView): string {
  if (length_ms === null) return t.recordings.notClosed;
  const seconds = Math.round(length_ms / 1000);
  return t.recordings.length(Math.floor(seconds / 60), seconds % 60);
}
