// The clinician's guests: a code for one more, who asks to come in, and who is there.
import { type Signal, useSignal } from "@preact/signals";
import type { GuestInvitation, GuestView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { type Command, useCommand } from "../parts/command";
import { Dialog } from "../parts/dialog";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";

export interface GuestCommands {
  invite: () => Promise<GuestInvitation>;
  answer: (guest: string, answer: "admission" | "refusal" | "removal") => Promise<unknown>;
}

interface GuestsProps {
  shown: Signal<GuestView[]>;
  commands: GuestCommands;
}

/** Stands among the call's problems: somebody who waits to be let in is to be answered. */
export function ClinicianGuests({ shown, commands }: GuestsProps) {
  const command = useCommand();
  return (
    <>
      {shown.value.map((guest) => (
        <Guest key={guest.id} guest={guest} command={command} commands={commands} />
      ))}
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
    </>
  );
}

interface GuestProps {
  guest: GuestView;
  command: Command;
  commands: GuestCommands;
}

function Guest({ guest, command, commands }: GuestProps) {
  const answer = (how: "admission" | "refusal" | "removal") =>
    command.run(`${guest.id} ${how}`, () => commands.answer(guest.id, how));
  const busy = command.busy.value?.startsWith(guest.id) ?? false;
  if (guest.admitted)
    return (
      <Alert kind="info">
        {t.guests.there(guest.name)}{" "}
        <Button small busy={busy} onClick={() => answer("removal")}>
          {t.guests.remove}
        </Button>
      </Alert>
    );
  return (
    <Alert kind="warning">
      {t.guests.knocks(guest.name)}{" "}
      <Button small look="primary" busy={busy} onClick={() => answer("admission")}>
        {t.guests.admit}
      </Button>{" "}
      <Button small disabled={busy} onClick={() => answer("refusal")}>
        {t.guests.refuse}
      </Button>
    </Alert>
  );
}

/** Makes a code and shows it, to be told by telephone or SMS. */
export function InviteDialog({ commands, onClose }: { commands: GuestCommands; onClose: () => void }) {
  const command = useCommand();
  const invitation = useSignal<GuestInvitation | null>(null);
  const invite = () =>
    command.run("invite", async () => {
      invitation.value = await commands.invite();
    });
  const made = invitation.value;
  return (
    <Dialog title={t.guests.invite} onClose={onClose}>
      {made === null ? (
        <p>{t.guests.inviteBody}</p>
      ) : (
        <>
          <p>{t.guests.tell(`${location.host}/guest`)}</p>
          <p class="guest-code" role="status" aria-label={t.guests.code}>
            {made.code.slice(0, 4)} {made.code.slice(4)}
          </p>
          <p class="muted">{t.guests.codeHolds}</p>
        </>
      )}
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      <div class="buttons">
        {made === null && (
          <Button look="primary" busy={command.busy.value !== null} onClick={invite}>
            {t.guests.makeCode}
          </Button>
        )}
        <Button onClick={onClose}>{t.common.close}</Button>
      </div>
    </Dialog>
  );
}
