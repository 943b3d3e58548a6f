// The clinician's page: the step that the session stands at, from logging in to the waiting room.
import { useEffect } from "preact/hooks";
import type { StaffSession } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { Covered } from "../parts/cover";
import { ToastList } from "../parts/toasts";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import { Audit } from "./audit";
import type { Desk } from "./desk";
import { Employees } from "./employees";
import { ChooseClinic, ChoosePractitioner, LogIn } from "./entrance";
import { PatientLists } from "./patient-lists";
import { Recordings } from "./recordings";
import { WaitingRoom } from "./waiting-room";

export function App({ desk }: { desk: Desk }) {
  const session = desk.session.value;
  const place = session?.step === "at_work" ? session.clinic?.name : undefined;
  const title = place ? `${t.desk.waitingRoom} – ${place}` : `${t.login.title} – ${t.product}`;
  useEffect(() => {
    document.title = title;
  }, [title]);

  if (session === null) {
    return (
      <main class="entrance">
        {desk.unreachable.value === null ? (
          <div class="spinner" role="status" aria-label={t.common.loading} />
        ) : (
          <>
            <Alert kind="error">{refusalText(desk.unreachable.value)}</Alert>
            <Button onClick={() => desk.begin()}>{t.common.retry}</Button>
          </>
        )}
      </main>
    );
  }
  switch (session.step) {
    case "log_in":
      return <LogIn desk={desk} session={session} />;
    case "choose_clinic":
      return <ChooseClinic desk={desk} session={session} />;
    case "choose_practitioner":
      return <ChoosePractitioner desk={desk} session={session} />;
    case "at_work":
      return (
        <Covered afterMinutes={desk.board.value?.room.settings.blank_minutes ?? 0} covered={desk.covered}>
          <AtWork desk={desk} session={session} />
          <ToastList toasts={desk.toasts} />
        </Covered>
      );
  }
}

function AtWork({ desk, session }: { desk: Desk; session: StaffSession }) {
  if (desk.page.value === "patients") return <PatientLists desk={desk} session={session} />;
  if (desk.page.value === "employees") return <Employees desk={desk} session={session} />;
  if (desk.page.value === "recordings") return <Recordings desk={desk} session={session} />;
  if (desk.page.value === "audit") return <Audit desk={desk} session={session} />;
  return <WaitingRoom desk={desk} session={session} />;
}
