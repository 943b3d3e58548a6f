// What stands around every page of somebody at work: the clinic, the menu, the ways out, and whether it is all still current.
import type { ComponentChildren } from "preact";
import type { StaffSession } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { TopBar } from "../parts/header";
import { Icon } from "../parts/icon";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";
import { addressOf, type Page } from "./pages";

function Item({ desk, of, children }: { desk: Desk; of: Page; children: ComponentChildren }) {
  // The waiting room has no hash, and going to it shall not load the page anew.
  const go = (event: MouseEvent) => {
    event.preventDefault();
    desk.go(of);
  };
  return (
    <a href={addressOf(of)} aria-current={desk.page.value === of ? "page" : undefined} onClick={go}>
      {children}
    </a>
  );
}

export function Frame({
  desk,
  session,
  actions,
  children,
}: {
  desk: Desk;
  session: StaffSession;
  /** Buttons of this page alone. */
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  const command = useCommand();
  return (
    <div class={`desk${desk.page.value === "waitingRoom" ? "" : " desk-page"}`}>
      <TopBar
        place={session.clinic?.name ?? ""}
        who={session.practitioner ? t.desk.practitioner(session.practitioner.name) : ""}
        menu={t.desk.menu}
      >
        <nav aria-label={t.desk.menu}>
          <Item desk={desk} of="waitingRoom">
            {t.desk.waitingRoom}
          </Item>
          <Item desk={desk} of="patients">
            {t.lists.menu}
          </Item>
          <Item desk={desk} of="employees">
            {t.employees.menu}
          </Item>
          {session.role === "practitioner" && (
            <>
              <Item desk={desk} of="recordings">
                {t.recordings.menu}
              </Item>
              <Item desk={desk} of="audit">
                {t.audit.menu}
              </Item>
            </>
          )}
        </nav>
        {actions}
        <button
          type="button"
          class="icon-button icon-button-plain"
          aria-label={t.cover.now}
          title={t.cover.now}
          onClick={() => (desk.covered.value = true)}
        >
          <Icon name="visibilityOff" />
        </button>
        <Button
          look="tertiary"
          small
          busy={command.busy.value === "leave"}
          onClick={() => command.run("leave", () => desk.leaveClinic())}
        >
          {t.desk.switchClinic}
        </Button>
        <Button
          look="tertiary"
          small
          busy={command.busy.value === "log_out"}
          onClick={() => command.run("log_out", () => desk.logOut())}
        >
          {t.common.logOut}
        </Button>
      </TopBar>
      {desk.connection.value === "lost" && <Alert kind="warning">{t.connection.lost}</Alert>}
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      {children}
    </div>
  );
}
