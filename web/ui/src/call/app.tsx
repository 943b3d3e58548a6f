// The clinician's call: the running call, and what stands there once it is over.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { ConfirmDialog } from "../parts/dialog";
import { Masthead } from "../parts/header";
import { useNow } from "../parts/ticking";
import { t } from "../texts";
import { CallButton } from "./button";
import { ClinicianGuests, type GuestCommands, InviteDialog } from "./guests";
import { type ClinicianCommands, ClinicianRecording, RecordButton } from "./recording";
import { CallScreen, deviceProblemText } from "./screen";
import type { CallSide } from "./side";

/** How long the tab says that the consultation is over before it closes, if it was ended here. */
const CLOSE_AFTER_MS = 5_000;

interface AppProps {
  side: CallSide;
  recording: ClinicianCommands;
  /** Null for a colleague, who invites nobody. */
  guests: GuestCommands | null;
  /** Null for a colleague, who leaves the consultation and does not end it. */
  end: (() => Promise<unknown>) | null;
}

export function App({ side, recording, guests, end }: AppProps) {
  const endedHere = useSignal(false);
  const left = useSignal(false);
  const state = side.state.value?.state;
  const over = state === "ended" || state === "rejected" || state === "left";

  const endHere =
    end &&
    (async () => {
      await end();
      endedHere.value = true;
    });
  const leave = () => {
    side.close();
    left.value = true;
  };

  if (side.gone.value === "revoked") return <Over title={t.call.revoked}>{t.call.revokedBody}</Over>;
  if (side.gone.value === "not_found") return <NotHere />;
  if (side.gone.value === "handed_over")
    return (
      // The patient may have been handed back since.
      <Over
        title={t.call.handedOver(side.handedTo.value)}
        action={{ label: t.common.retry, run: () => location.reload() }}
      >
        {t.call.handedOverBody}
      </Over>
    );
  if (side.gone.value === "full")
    return (
      <Over title={t.call.full} action={{ label: t.common.retry, run: () => location.reload() }}>
        {t.call.fullBody}
      </Over>
    );
  if (side.gone.value === "elsewhere")
    return (
      <Over title={t.call.elsewhere} action={{ label: t.call.useThisTab, run: () => location.reload() }}>
        {t.call.elsewhereBody}
      </Over>
    );
  if (left.value)
    return (
      <Over title={t.call.left} action={{ label: t.call.joinAgain, run: () => location.reload() }}>
        {t.call.leftBody}
      </Over>
    );
  if (endedHere.value) return <EndedHere side={side} />;
  if (over) return <Over title={t.call.ended}>{t.call.endedElsewhere}</Over>;
  if (state === "waiting") return <Over title={t.call.putBack}>{t.call.putBackBody}</Over>;
  return <Running side={side} recording={recording} guests={guests} end={endHere} leave={leave} />;
}

function Running({ side, recording, guests, end, leave }: AppProps & { leave: () => void }) {
  const { own } = side;
  const ending = useSignal(false);
  const inviting = useSignal(false);
  const wasThere = useSignal(false);

  useEffect(() => {
    void own.open();
    return own.close;
  }, [own]);

  const call = side.state.value;
  const name = call?.other_name ?? "";
  const there = side.participants.value?.patient === true;
  useEffect(() => {
    if (there) wasThere.value = true;
  }, [there, wasThere]);

  let status: string | null = null;
  if (call === null) status = t.call.preparing;
  else if (side.link.value === "lost") status = t.call.linkLost;
  else if (side.link.value === "connecting") status = t.call.preparing;
  else if (!there) status = wasThere.value ? t.call.patientLost(name) : t.call.waitingForPatient(name);

  const problem = own.devices.value?.problem;
  return (
    <CallScreen
      side={side}
      status={status}
      facts={call?.started_at_ms != null && <Elapsed since={call.started_at_ms} />}
      actions={
        <>
          {guests && (
            <CallButton icon="personAdd" label={t.guests.invite} onClick={() => (inviting.value = true)} />
          )}
          <RecordButton shown={side.recording} commands={recording} />
          {end ? (
            <CallButton icon="callEnd" label={t.call.end} danger onClick={() => (ending.value = true)} />
          ) : (
            <CallButton icon="callEnd" label={t.call.leave} danger onClick={leave} />
          )}
        </>
      }
    >
      {guests && <ClinicianGuests shown={side.guests} commands={guests} />}
      {guests && inviting.value && (
        <InviteDialog commands={guests} onClose={() => (inviting.value = false)} />
      )}
      <ClinicianRecording shown={side.recording} commands={recording} />
      {problem && (
        <Alert kind="warning">
          {deviceProblemText(problem)}{" "}
          <Button small onClick={own.open}>
            {t.common.retry}
          </Button>
        </Alert>
      )}
      {ending.value && end && (
        <ConfirmDialog
          title={t.endDialog.title}
          confirm={t.endDialog.confirm}
          onConfirm={end}
          onClose={() => (ending.value = false)}
        >
          <p>{t.endDialog.bodyCall}</p>
        </ConfirmDialog>
      )}
    </CallScreen>
  );
}

function Elapsed({ since }: { since: number }) {
  const now = useNow(1_000);
  const seconds = Math.max(0, Math.floor((now.value - since) / 1000));
  const two = (part: number) => String(part).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const shown = `${hours > 0 ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return (
    <span role="timer" aria-label={t.call.elapsed}>
      {shown}
    </span>
  );
}

function EndedHere({ side }: { side: CallSide }) {
  useEffect(() => {
    side.close();
    // Works in a tab that the waiting room opened; elsewhere the text stays.
    const timer = setTimeout(() => window.close(), CLOSE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [side]);
  return <Over title={t.call.ended}>{t.call.endedHere}</Over>;
}

export function NotHere() {
  return <Over title={t.call.notYours}>{t.call.notYoursBody}</Over>;
}

interface OverProps {
  title: string;
  action?: { label: string; run: () => void };
  children: ComponentChildren;
}

function Over({ title, action, children }: OverProps) {
  return (
    <main class="entrance">
      <Masthead />
      <div class="panel entrance-panel" role="status">
        <h1 class="h3">{title}</h1>
        <p>{children}</p>
        <div class="buttons">
          {action ? (
            <Button look="primary" onClick={action.run}>
              {action.label}
            </Button>
          ) : (
            <Button look="primary" onClick={() => window.close()}>
              {t.call.closeTab}
            </Button>
          )}
          <a class="button button-tertiary" href="/">
            {t.call.toWaitingRoom}
          </a>
        </div>
      </div>
    </main>
  );
}
