// The patient's page: log in, the clinics' cards with the queue, and the call when it is one's turn.
import { useSignalEffect } from "@preact/signals";
import type { ClinicCard, ProfileView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { Masthead, TopBar } from "../parts/header";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import { PatientCall } from "./call";
import { Card } from "./card";
import { LookUps } from "./look-ups";
import { Preview } from "./preview";
import type { Visitor } from "./visitor";

export function App({ visitor }: { visitor: Visitor }) {
  useSignalEffect(() => {
    document.title = `${pageTitle(visitor)} – ${t.product}`;
  });
  const session = visitor.session.value;
  if (session === null) return <Beginning visitor={visitor} />;
  if (session.person_name === null) return <LogIn visitor={visitor} />;
  const calledIn = visitor.calledIn.value;
  const call = visitor.call.value;
  if (calledIn !== null && call !== null)
    return <PatientCall visitor={visitor} card={calledIn} call={call} />;
  return <Clinics visitor={visitor} name={session.person_name} />;
}

function pageTitle(visitor: Visitor): string {
  const calledIn = visitor.calledIn.value;
  if (calledIn?.visit.state === "accepted") return t.patient.yourTurnTitle;
  if (calledIn !== null) return t.call.title;
  return visitor.inQueue.value ? t.patient.inQueue : t.patient.title;
}

function Beginning({ visitor }: { visitor: Visitor }) {
  return (
    <main class="entrance">
      {visitor.unreachable.value === null ? (
        <div class="spinner" role="status" aria-label={t.common.loading} />
      ) : (
        <>
          <Alert kind="error">{refusalText(visitor.unreachable.value)}</Alert>
          <Button onClick={() => visitor.begin()}>{t.common.retry}</Button>
        </>
      )}
    </main>
  );
}

function LogIn({ visitor }: { visitor: Visitor }) {
  const providers = visitor.session.value?.providers ?? [];
  const fallback = visitor.fallback.value;
  return (
    <main class="entrance">
      <Masthead />
      <div class="panel entrance-panel">
        <h1 class="h3">{t.patient.title}</h1>
        {fallback === "revoked" && <Alert kind="warning">{t.connection.revoked}</Alert>}
        {fallback !== null && fallback !== "revoked" && (
          <Alert kind="error">{t.login.problems[fallback]}</Alert>
        )}
        <p>{t.patient.lead}</p>
        <ul class="choices no-max-width">
          {providers.map((provider) => (
            <li key={provider.id}>
              <a class="button button-primary" href={provider.start_url}>
                {providers.length === 1 ? t.patient.logIn : t.patient.logInWith(provider.label)}
              </a>
            </li>
          ))}
        </ul>
        {providers.length === 0 && <Alert kind="warning">{t.login.noProviders}</Alert>}
      </div>
    </main>
  );
}

function Clinics({ visitor, name }: { visitor: Visitor; name: string }) {
  const command = useCommand();
  const cards = visitor.cards.value;
  const isWaiting = (card: ClinicCard) => card.visit?.state === "waiting";
  const waiting = cards?.filter(isWaiting) ?? [];
  const others = cards?.filter((card) => !isWaiting(card)) ?? [];
  const own = others.filter((card) => visitor.childOf(card) === null);
  const children = visitor.profiles.value.filter((profile) => !profile.is_self);
  const hasOwn = cards?.some((card) => visitor.childOf(card) === null);
  return (
    <>
      <TopBar who={t.patient.hello(name)}>
        <Button
          look="tertiary"
          small
          busy={command.busy.value !== null}
          onClick={() => command.run("log_out", () => visitor.logOut())}
        >
          {t.common.logOut}
        </Button>
      </TopBar>
      {visitor.connection.value === "lost" && <Alert kind="warning">{t.connection.lost}</Alert>}
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      <main class="clinics">
        <h1 class="h3">{t.patient.clinics}</h1>
        {cards === null && <div class="spinner" role="status" aria-label={t.common.loading} />}
        <Cards visitor={visitor} cards={waiting} />
        {waiting.length > 0 && <Preview visitor={visitor} />}
        {cards !== null && !hasOwn && (
          <div class="panel">
            <p class="strong">{t.patient.noClinics}</p>
            <p class="muted">{t.patient.noClinicsHint}</p>
          </div>
        )}
        <Cards visitor={visitor} cards={own} />
        {children.map((child) => (
          <ChildClinics
            key={child.id}
            visitor={visitor}
            child={child}
            cards={others.filter((card) => card.profile_id === child.id)}
            waits={waiting.some((card) => card.profile_id === child.id)}
          />
        ))}
        {visitor.profiles.value.map((profile) => (
          <LookUps key={profile.id} visitor={visitor} profile={profile} />
        ))}
      </main>
    </>
  );
}

function Cards({ visitor, cards }: { visitor: Visitor; cards: ClinicCard[] }) {
  return (
    <>
      {cards.map((card) => (
        <Card key={`${card.profile_id} ${card.clinic_id}`} visitor={visitor} card={card} />
      ))}
    </>
  );
}

interface ChildClinicsProps {
  visitor: Visitor;
  child: ProfileView;
  cards: ClinicCard[];
  waits: boolean;
}

/** The clinics of one child; where the child waits, the card stands at the top of the page. */
function ChildClinics({ visitor, child, cards, waits }: ChildClinicsProps) {
  if (waits && cards.length === 0) return null;
  return (
    <section class="child-clinics" aria-label={child.name}>
      <h2 class="h4">{t.patient.childClinics(child.name)}</h2>
      {cards.length === 0 && <p class="muted empty">{t.patient.noClinicsForChild}</p>}
      <Cards visitor={visitor} cards={cards} />
    </section>
  );
}
