// The recording of a call as both sides meet it: the question, the answer, the sign that it runs, and what became of it.
import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { RecordingMessage, RecordingView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icon";
import { useNow } from "../parts/ticking";
import { byCode, language, t } from "../texts";
import { refusalText } from "../texts/refusal";

/** What either side can do about a recording. */
interface Commands {
  stop: (recording: string) => Promise<unknown>;
}

export interface ClinicianCommands extends Commands {
  ask: () => Promise<unknown>;
  withdraw: (recording: string) => Promise<unknown>;
}

export interface PatientCommands extends Commands {
  /** Yes to the words with that hash; null is a no. */
  answer: (recording: string, consentHash: string | null) => Promise<unknown>;
}

type Shown = ReadonlySignal<RecordingMessage | null>;

const UNDER_WAY = ["asked", "agreed", "running"];

/** The clinician's button in the bar; there while nothing is asked for, and for those who may ask. */
export function RecordButton({ shown, commands }: { shown: Shown; commands: ClinicianCommands }) {
  const command = useCommand();
  const message = shown.value;
  const underWay = message?.recording != null && UNDER_WAY.includes(message.recording.state);
  if (!message?.may_ask || underWay) return null;
  return (
    <>
      <button
        type="button"
        class="call-button"
        disabled={command.busy.value !== null}
        onClick={() => command.run("ask", commands.ask)}
      >
        <Icon name="record" />
        <span>{t.recording.ask}</span>
      </button>
      {command.refusal.value !== null && (
        <Dialog title={t.recording.ask} onClose={() => (command.refusal.value = null)}>
          <p role="alert">{refusalText(command.refusal.value)}</p>
          <div class="buttons">
            <Button look="primary" onClick={() => (command.refusal.value = null)}>
              {t.common.close}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}

export function ClinicianRecording({ shown, commands }: { shown: Shown; commands: ClinicianCommands }) {
  const recording = shown.value?.recording ?? null;
  return (
    <Stand recording={recording} stop={commands.stop}>
      {recording?.state === "asked" && (
        <Line
          text={t.recording.waiting}
          waits
          action={t.recording.withdraw}
          run={() => commands.withdraw(recording.id)}
        />
      )}
      {recording?.state === "refused" && <Past recording={recording} text={t.recording.refused} />}
    </Stand>
  );
}

export function PatientRecording({ shown, commands }: { shown: Shown; commands: PatientCommands }) {
  const recording = shown.value?.recording ?? null;
  return (
    <Stand recording={recording} stop={commands.stop}>
      {recording?.state === "asked" && (
        <Question key={recording.id} recording={recording} answer={commands.answer} />
      )}
    </Stand>
  );
}

interface StandProps {
  recording: RecordingView | null;
  stop: Commands["stop"];
  children: ComponentChildren;
}

/** How it stands, in the same words for both; `children` is what one side alone sees of it. */
function Stand({ recording, stop, children }: StandProps) {
  const state = recording?.state;
  return (
    <div class="recording">
      {/* Always there, so that a change of it is read out. */}
      <p class="sr-only" role="status">
        {state === "running" && t.recording.running}
        {state === "agreed" && t.recording.starting}
      </p>
      {children}
      {recording !== null && state === "agreed" && (
        <Line text={t.recording.starting} waits action={t.recording.stop} run={() => stop(recording.id)} />
      )}
      {recording !== null && state === "running" && <Sign recording={recording} stop={stop} />}
      {recording !== null && state === "stopped" && (
        <Past recording={recording} text={t.recording.stopped[recording.stopped_by ?? "server"]} />
      )}
      {recording !== null && state === "failed" && (
        <Past recording={recording} text={failure(recording)} bad />
      )}
    </div>
  );
}

function failure({ fault, began_at_ms }: RecordingView): string {
  const why = byCode(t.recording.faults, fault ?? "") ?? t.recording.otherFault;
  return began_at_ms === null ? t.recording.failedAtStart(why) : t.recording.failed(why);
}

function Sign({ recording, stop }: { recording: RecordingView; stop: Commands["stop"] }) {
  const command = useCommand();
  const now = useNow(1_000);
  const seconds = Math.max(0, Math.floor((now.value - (recording.began_at_ms ?? now.value)) / 1000));
  const two = (part: number) => String(part).padStart(2, "0");
  return (
    <section class="recording-sign" aria-label={t.recording.running}>
      <span class="recording-dot" aria-hidden="true" />
      <strong>{t.recording.running}</strong>
      <span role="timer" aria-label={t.recording.elapsed}>
        {`${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`}
      </span>
      <Button
        small
        busy={command.busy.value !== null}
        onClick={() => command.run("stop", () => stop(recording.id))}
      >
        {t.recording.stop}
      </Button>
      {command.refusal.value !== null && <span role="alert">{refusalText(command.refusal.value)}</span>}
    </section>
  );
}

interface LineProps {
  text: string;
  waits: boolean;
  action: string;
  run: () => Promise<unknown>;
}

function Line({ text, waits, action, run }: LineProps) {
  const command = useCommand();
  return (
    <div class="recording-line" role="status">
      {waits && <span class="spinner spinner-light" aria-hidden="true" />}
      <span>{text}</span>
      <Button small busy={command.busy.value !== null} onClick={() => command.run("run", run)}>
        {action}
      </Button>
      {command.refusal.value !== null && <span>{refusalText(command.refusal.value)}</span>}
    </div>
  );
}

/** What became of a recording, until it is closed or the next one is asked for. */
function Past({ recording, text, bad }: { recording: RecordingView; text: string; bad?: boolean }) {
  const closed = useSignal<string | null>(null);
  if (closed.value === recording.id) return null;
  return (
    <Alert kind={bad ? "error" : "info"} onClose={() => (closed.value = recording.id)}>
      {text}
    </Alert>
  );
}

interface QuestionProps {
  recording: RecordingView;
  answer: PatientCommands["answer"];
}

/** The clinic's words, with a yes and a no. Closed without an answer, the question stays on the page. */
function Question({ recording, answer }: QuestionProps) {
  const open = useSignal(true);
  const command = useCommand();
  const words = recording.consent.find((each) => each.language === language()) ?? recording.consent[0];
  useEffect(() => {
    // Whoever looks at another window is called by the title; the page takes it back by itself.
    const title = document.title;
    document.title = t.recording.dialog;
    return () => {
      document.title = title;
    };
  }, []);
  if (words === undefined) return null;
  if (!open.value)
    return (
      <div class="recording-line" role="status">
        <span>{t.recording.question}</span>
        <Button small onClick={() => (open.value = true)}>
          {t.recording.answer}
        </Button>
      </div>
    );
  const say = (hash: string | null) => () => command.run(hash ?? "no", () => answer(recording.id, hash));
  return (
    <Dialog title={t.recording.dialog} onClose={() => (open.value = false)}>
      <p class="message">{words.text}</p>
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
      <div class="buttons">
        <Button look="primary" busy={command.busy.value === words.hash} onClick={say(words.hash)}>
          {t.recording.yes}
        </Button>
        <Button busy={command.busy.value === "no"} onClick={say(null)}>
          {t.recording.no}
        </Button>
      </div>
    </Dialog>
  );
}
