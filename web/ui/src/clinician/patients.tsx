// The clinic's patients: add one by CPR number, find one, remove one's access.
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { PatientView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { ConfirmDialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { Icon } from "../parts/icon";
import { whoOf } from "../protocol/board";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";
import { addressOf } from "./pages";

/** How long to wait for the next letter before searching. */
const TYPING_MS = 250;

export function AddPatient({ desk }: { desk: Desk }) {
  const id = useId();
  const cpr = useSignal("");
  const command = useCommand();

  const submit = async (event: Event) => {
    event.preventDefault();
    const sent = cpr.value;
    await command.run("add", async () => {
      const added = await desk.addPatient(sent.trim());
      desk.toasts.tell(t.add.added(whoOf(added)));
      // Whoever types fast has begun on the next one.
      if (cpr.value === sent) cpr.value = "";
    });
  };

  return (
    <section class="panel add-patient" aria-labelledby={id}>
      <h2 class="panel-title" id={id}>
        {t.add.title}
      </h2>
      <form onSubmit={submit} class="one-line">
        <Field
          label={t.add.cpr}
          inputMode="numeric"
          maxLength={20}
          value={cpr.value}
          onValue={(value) => (cpr.value = value)}
          error={command.refusal.value !== null ? refusalText(command.refusal.value) : undefined}
        />
        <Button type="submit" small busy={command.busy.value !== null}>
          <Icon name="personAdd" />
          {t.add.add}
        </Button>
      </form>
    </section>
  );
}

export function PatientList({ desk }: { desk: Desk }) {
  const id = useId();
  const query = useSignal("");
  const found = useSignal<PatientView[] | null>(null);
  const refusal = useSignal<unknown>(null);
  const removing = useSignal<PatientView | null>(null);
  const newest = useRef(0);
  /** The patient that a practice system sent the clinician here for. */
  const opened = desk.session.value?.launched_patient_id ?? null;
  const shown = useRef(false);
  const show = (row: HTMLLIElement | null) => {
    if (row === null || shown.current) return;
    shown.current = true;
    row.scrollIntoView({ block: "center" });
  };
  const version = desk.patientListVersion.value;
  const searched = useRef(query.value);
  // Whoever was added here stands on the list at once; the list read anew says the same.
  useEffect(() => {
    const added = desk.justAdded.value;
    const list = found.peek();
    if (added === null || list === null || !matches(added, query.peek())) return;
    if (list.every((patient) => patient.id !== added.id)) found.value = [...list, added].sort(byName);
  }, [desk.justAdded.value]);

  // `version` stands for a change of the list by somebody.
  useEffect(() => {
    newest.current += 1;
    const mine = newest.current;
    const search = async () => {
      // The clinic may have been left while the timer ran.
      if (desk.session.peek()?.step !== "at_work") return;
      try {
        const patients = await desk.searchPatients(query.value.trim());
        // An answer to what was typed before may come after the answer to what stands there now.
        if (mine !== newest.current) return;
        found.value = patients;
        refusal.value = null;
      } catch (error) {
        if (mine === newest.current) refusal.value = error;
      }
    };
    // Only whoever types is waited for.
    const typed = searched.current !== query.value;
    searched.current = query.value;
    const timer = setTimeout(search, typed ? TYPING_MS : 0);
    return () => clearTimeout(timer);
  }, [query.value, version, desk]);

  return (
    <section class="panel patient-list" aria-labelledby={id}>
      <h2 class="panel-title" id={id}>
        {t.patients.title}
      </h2>
      <Field
        label={t.patients.search}
        type="search"
        maxLength={100}
        value={query.value}
        onValue={(value) => (query.value = value)}
      />
      {refusal.value !== null && <Alert kind="error">{refusalText(refusal.value)}</Alert>}
      {desk.unseen.value > 0 && (
        <p class="reminder">
          <Icon name="info" />
          <a
            href={addressOf("patients")}
            onClick={(event) => {
              event.preventDefault();
              desk.go("patients");
            }}
          >
            {t.lists.reminder(desk.unseen.value)}
          </a>
        </p>
      )}
      {found.value?.length === 0 && (
        <p class="muted empty">{query.value.trim() ? t.patients.noneFound : t.patients.none}</p>
      )}
      <ul class="rows patient-rows no-max-width">
        {found.value?.map((patient) => (
          <li
            class={`row${patient.id === opened ? " row-opened" : ""}`}
            key={patient.id}
            aria-current={patient.id === opened || undefined}
            ref={patient.id === opened ? show : null}
          >
            <div class="row-who">
              <span class="strong">{whoOf(patient)}</span>{" "}
              {patient.name === null ? (
                <span class="badge badge-info">{t.desk.child}</span>
              ) : (
                <span class="cpr">{patient.cpr}</span>
              )}
            </div>
            <button
              type="button"
              class="icon-button"
              aria-label={t.patients.remove(whoOf(patient))}
              onClick={() => (removing.value = patient)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      {removing.value && (
        <RemoveDialog desk={desk} patient={removing.value} onClose={() => (removing.value = null)} />
      )}
    </section>
  );
}

const danish = new Intl.Collator("da");
/** As the server sorts: children, who have no name here, come last. */
const byName = (one: PatientView, other: PatientView) =>
  Number(one.name === null) - Number(other.name === null) || danish.compare(whoOf(one), whoOf(other));

/** As the server searches: part of the name, or of the number with or without its dash. */
function matches(patient: PatientView, query: string): boolean {
  const wanted = query.trim().toLowerCase();
  return (
    whoOf(patient).toLowerCase().includes(wanted) ||
    patient.cpr.replace("-", "").includes(wanted.replace("-", ""))
  );
}

function RemoveDialog({ desk, patient, onClose }: { desk: Desk; patient: PatientView; onClose: () => void }) {
  return (
    <ConfirmDialog
      title={t.patients.removeTitle(whoOf(patient))}
      confirm={t.patients.removeConfirm}
      onConfirm={() => desk.removePatient(patient.id)}
      onClose={onClose}
    >
      <p>{t.patients.removeBody}</p>
    </ConfirmDialog>
  );
}
