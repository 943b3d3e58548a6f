// The way in: log in, name the clinic and accept the declaration, choose the practitioner.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { RememberedClinic, StaffSession } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { type Command, useCommand } from "../parts/command";
import { Field } from "../parts/field";
import { Masthead } from "../parts/header";
import { Refusal } from "../protocol/rest";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";

interface StepProps {
  desk: Desk;
  session: StaffSession;
}

function Step({ desk, title, children }: { desk: Desk; title: string; children: ComponentChildren }) {
  const fallback = desk.fallback.value;
  const isLoggedIn = desk.session.value?.person_name != null;
  return (
    <main class="entrance">
      <Masthead />
      <div class="panel entrance-panel">
        <h1 class="h3">{title}</h1>
        {fallback === "revoked" && (
          <Alert kind="warning">{isLoggedIn ? t.connection.leftClinic : t.connection.revoked}</Alert>
        )}
        {fallback !== null && fallback !== "revoked" && (
          <Alert kind="error">{t.login.problems[fallback]}</Alert>
        )}
        {children}
      </div>
    </main>
  );
}

export function LogIn({ desk, session }: StepProps) {
  const choosing = useSignal(session.launched);
  return (
    <Step desk={desk} title={t.login.title}>
      {session.launched ? <Alert kind="info">{t.launch.logIn}</Alert> : <p>{t.login.lead}</p>}
      {!choosing.value && (
        <Button look="primary" onClick={() => (choosing.value = true)}>
          {t.login.logIn}
        </Button>
      )}
      {choosing.value && (
        <nav aria-label={t.login.choose}>
          <p class="strong">{t.login.choose}</p>
          <ul class="choices no-max-width">
            {session.providers.map((provider) => (
              <li key={provider.id}>
                <a class="button button-secondary" href={provider.start_url}>
                  {provider.label}
                </a>
              </li>
            ))}
          </ul>
          {session.providers.length === 0 && <Alert kind="warning">{t.login.noProviders}</Alert>}
        </nav>
      )}
      <p class="muted small">{t.login.browser}</p>
    </Step>
  );
}

function LogOut({ desk, command }: { desk: Desk; command: Command }) {
  return (
    <Button
      look="tertiary"
      busy={command.busy.value === "log_out"}
      onClick={() => command.run("log_out", () => desk.logOut())}
    >
      {t.common.logOut}
    </Button>
  );
}

/** Whether what is typed is one of the clinic's numbers; a ydernummer may be typed without its leading zero. */
const isOf = (clinic: RememberedClinic["clinic"], typed: string) =>
  typed !== "" && (typed === clinic.sor_id || typed.padStart(6, "0") === clinic.ydernummer);

export function ChooseClinic({ desk, session }: StepProps) {
  const identifier = useSignal(session.launched_clinic ?? "");
  const accepted = useSignal(false);
  const command = useCommand();
  const { declaration } = session;

  const typed = identifier.value.trim();
  const known = session.remembered.find(({ clinic }) => isOf(clinic, typed));
  const declared = known?.declaration_accepted === true;

  const submit = (event: Event) => {
    event.preventDefault();
    const version = accepted.value ? declaration.version : null;
    void command.run("enter", () => desk.enterClinic(typed, version));
  };
  /** A clinic where nothing is left to declare is entered at once; the other's number is filled in. */
  const pick = ({ clinic, declaration_accepted }: RememberedClinic) => {
    const own = clinic.ydernummer ?? clinic.sor_id ?? "";
    identifier.value = own;
    if (declaration_accepted) void command.run("enter", () => desk.enterClinic(own, null));
  };
  const refusal = command.refusal.value;
  const aboutDeclaration = refusal instanceof Refusal && refusal.code === "declaration_missing";
  const text = refusal === null ? undefined : refusalText(refusal);

  return (
    <Step desk={desk} title={t.clinic.title}>
      {session.person_name && <p>{t.clinic.loggedInAs(session.person_name)}</p>}
      {session.launched_clinic !== null && <Alert kind="info">{t.launch.declare}</Alert>}
      {session.remembered.length > 0 && (
        <section class="remembered" aria-labelledby="remembered">
          <h2 class="h5" id="remembered">
            {t.clinic.remembered}
          </h2>
          <ul class="choices no-max-width">
            {session.remembered.map((one) => (
              <li key={one.clinic.id}>
                <Button busy={command.busy.value === "enter"} onClick={() => pick(one)}>
                  {one.clinic.name}
                </Button>
              </li>
            ))}
          </ul>
          <h2 class="h5">{t.clinic.other}</h2>
        </section>
      )}
      <form onSubmit={submit} noValidate>
        <Field
          label={t.clinic.identifier}
          hint={t.clinic.identifierHint}
          inputMode="numeric"
          maxLength={40}
          value={identifier.value}
          onValue={(value) => (identifier.value = value)}
          error={aboutDeclaration ? undefined : text}
        />
        {declared && <p class="muted">{t.clinic.declared}</p>}
        {!declared && (
          <div class={`form-group declaration${aboutDeclaration ? " form-error" : ""}`}>
            {aboutDeclaration && (
              <span class="form-error-message" role="alert">
                {text}
              </span>
            )}
            <div class="form-group-checkbox">
              <input
                type="checkbox"
                id="declaration"
                class="form-checkbox"
                checked={accepted.value}
                aria-describedby="declaration-text"
                onChange={(event) => (accepted.value = event.currentTarget.checked)}
              />
              <label class="form-label" for="declaration">
                {t.clinic.declaration}
              </label>
            </div>
            <p id="declaration-text" class="declaration-text" lang="da">
              {declaration.text}
            </p>
          </div>
        )}
        <div class="buttons">
          <Button type="submit" look="primary" busy={command.busy.value === "enter"}>
            {t.clinic.ok}
          </Button>
          <LogOut desk={desk} command={command} />
        </div>
      </form>
    </Step>
  );
}

export function ChoosePractitioner({ desk, session }: StepProps) {
  const chosen = useSignal(session.practitioners.find((one) => one.is_self)?.id ?? null);
  const missing = useSignal(false);
  const command = useCommand();

  const submit = (event: Event) => {
    event.preventDefault();
    const id = chosen.value;
    missing.value = id === null;
    if (id !== null) void command.run("choose", () => desk.choosePractitioner(id));
  };
  const error = missing.value
    ? t.practitioner.missing
    : command.refusal.value !== null
      ? refusalText(command.refusal.value)
      : undefined;

  return (
    <Step desk={desk} title={t.practitioner.title}>
      {session.clinic && <p class="strong">{session.clinic.name}</p>}
      <form onSubmit={submit}>
        <div class={`form-group${error ? " form-error" : ""}`}>
          <fieldset>
            <legend class="form-label">{t.practitioner.legend}</legend>
            {error && (
              <span class="form-error-message" role="alert">
                {error}
              </span>
            )}
            {session.practitioners.map((one) => (
              <div class="form-group-radio" key={one.id}>
                <input
                  type="radio"
                  class="form-radio"
                  id={`practitioner-${one.id}`}
                  name="practitioner"
                  checked={chosen.value === one.id}
                  onChange={() => (chosen.value = one.id)}
                />
                <label class="form-label" for={`practitioner-${one.id}`}>
                  {one.name} {one.is_self && t.practitioner.self}
                </label>
              </div>
            ))}
          </fieldset>
        </div>
        <div class="buttons">
          <Button type="submit" look="primary" busy={command.busy.value === "choose"}>
            {t.practitioner.choose}
          </Button>
          <Button
            busy={command.busy.value === "leave"}
            onClick={() => command.run("leave", () => desk.leaveClinic())}
          >
            {t.desk.switchClinic}
          </Button>
          <LogOut desk={desk} command={command} />
        </div>
      </form>
    </Step>
  );
}
