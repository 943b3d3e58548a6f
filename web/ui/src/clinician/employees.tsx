// The administration of employees: who has access to the clinic, and a practitioner's ways to give and to take it.
import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import type { ColleagueView, StaffSession } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { ConfirmDialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { Icon } from "../parts/icon";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";
import { Frame } from "./frame";

export function Employees({ desk, session }: { desk: Desk; session: StaffSession }) {
  return (
    <Frame desk={desk} session={session}>
      <main class="page">
        <h1 class="h3">{t.employees.title}</h1>
        {session.role === "practitioner" ? (
          <Administration desk={desk} />
        ) : (
          <Alert kind="info">{t.employees.practitionersOnly}</Alert>
        )}
      </main>
    </Frame>
  );
}

function Administration({ desk }: { desk: Desk }) {
  const colleagues = useSignal<ColleagueView[] | null>(null);
  const refusal = useSignal<unknown>(null);
  const version = desk.employeesVersion.value;

  // `version` stands for a change by somebody, here or on a colleague's screen.
  useEffect(() => {
    let mine = true;
    desk.employees().then(
      (found) => {
        if (mine) colleagues.value = found;
      },
      (error: unknown) => {
        if (mine) refusal.value = error;
      },
    );
    return () => {
      mine = false;
    };
  }, [version, desk]);

  const of = (role: ColleagueView["role"]) => colleagues.value?.filter((one) => one.role === role) ?? [];
  return (
    <>
      <p class="page-lead">{t.employees.lead}</p>
      {refusal.value !== null && <Alert kind="error">{refusalText(refusal.value)}</Alert>}
      {colleagues.value === null && refusal.value === null && (
        <div class="spinner" role="status" aria-label={t.common.loading} />
      )}
      {colleagues.value !== null && (
        <>
          <Group desk={desk} title={t.employees.employees} members={of("employee")} />
          <AddEmployee desk={desk} />
          <Group desk={desk} title={t.employees.practitioners} members={of("practitioner")} />
        </>
      )}
    </>
  );
}

function Group({ desk, title, members }: { desk: Desk; title: string; members: ColleagueView[] }) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 class="panel-title" id={id}>
        {title}
      </h2>
      {members.length === 0 ? (
        <p class="muted empty">{t.employees.noEmployees}</p>
      ) : (
        <ul class="rows no-max-width">
          {members.map((one) => (
            <Member key={one.person_id} desk={desk} one={one} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Member({ desk, one }: { desk: Desk; one: ColleagueView }) {
  const command = useCommand();
  const deactivating = useSignal(false);
  return (
    <li class="row">
      <div class="row-who">
        <span class="strong">{one.name}</span> {one.is_self && t.employees.self}
        <div class="row-details">
          <span class={`presence ${one.active ? "presence-up" : "presence-down"}`}>
            {one.active ? t.employees.active : t.employees.inactive}
          </span>
          {one.authorisation_id && <span>{t.employees.authorisation(one.authorisation_id)}</span>}
        </div>
        {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      </div>
      <div class="row-actions">
        {one.active ? (
          <button
            type="button"
            class="icon-button"
            aria-label={t.employees.deactivate(one.name)}
            onClick={() => (deactivating.value = true)}
          >
            <Icon name="close" />
          </button>
        ) : (
          <Button
            look="primary"
            small
            aria-label={t.employees.activateName(one.name)}
            busy={command.busy.value !== null}
            onClick={() => command.run("activate", () => desk.setEmployee(one.person_id, "activate"))}
          >
            {t.employees.activate}
          </Button>
        )}
      </div>
      {deactivating.value && (
        <ConfirmDialog
          title={t.employees.deactivateTitle(one.name)}
          confirm={t.employees.deactivateConfirm}
          onConfirm={() => desk.setEmployee(one.person_id, "deactivate")}
          onClose={() => (deactivating.value = false)}
        >
          <p>{one.is_self ? t.employees.deactivateSelf : t.employees.deactivateBody}</p>
        </ConfirmDialog>
      )}
    </li>
  );
}

function AddEmployee({ desk }: { desk: Desk }) {
  const id = useId();
  const cpr = useSignal("");
  const added = useSignal<string | null>(null);
  const command = useCommand();

  const submit = async (event: Event) => {
    event.preventDefault();
    added.value = null;
    const sent = cpr.value;
    await command.run("add", async () => {
      added.value = (await desk.addEmployee(sent.trim())).name;
      // Whoever types fast has begun on the next one.
      if (cpr.value === sent) cpr.value = "";
    });
  };

  return (
    <section class="panel" aria-labelledby={id}>
      <h2 class="panel-title" id={id}>
        {t.employees.add}
      </h2>
      <form onSubmit={submit} class="one-line">
        <Field
          label={t.employees.cpr}
          hint={t.employees.addHint}
          inputMode="numeric"
          maxLength={20}
          value={cpr.value}
          onValue={(value) => (cpr.value = value)}
          error={command.refusal.value !== null ? refusalText(command.refusal.value) : undefined}
        />
        <Button type="submit" small busy={command.busy.value !== null}>
          <Icon name="personAdd" />
          {t.employees.add}
        </Button>
      </form>
      {added.value !== null && <Alert kind="success">{t.employees.added(added.value)}</Alert>}
    </section>
  );
}
