// The keys that act on the waiting room: which there are, who is next by key, and how to turn them off (WCAG 2.2, 2.1.4).
import { type Signal, signal, useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import type { VisitView } from "../generated/wire";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { t } from "../texts";
import type { Desk } from "./desk";

const KEY = "venterum.shortcuts";

/** Whether the keys are on, as this browser was told. */
export class Shortcuts {
  readonly on: Signal<boolean> = signal(read());

  set(on: boolean): void {
    this.on.value = on;
    try {
      localStorage.setItem(KEY, on ? "on" : "off");
    } catch {
      // No storage here: it lasts as long as the page.
    }
  }
}

function read(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

/** Who is called in by the key: of those whose page is there with camera and microphone, whoever has waited longest. */
export const nextOf = (queue: VisitView[]): VisitView | undefined =>
  queue.find(
    ({ connected, devices }) => connected && devices?.camera === "ok" && devices.microphone === "ok",
  );

/** Whether a key is meant for the page: not for a field, a dialog, or the browser. */
function isForPage(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return false;
  if (document.querySelector("dialog[open]") !== null) return false;
  const target = event.target as HTMLElement | null;
  return !target?.closest("input, textarea, select, [contenteditable]");
}

interface KeysProps {
  desk: Desk;
  queue: VisitView[];
  onNext: (visit: VisitView) => void;
}

/** Listens, and shows the button that tells of the keys. */
export function ShortcutKeys({ desk, queue, onNext }: KeysProps) {
  const helping = useSignal(false);
  const on = desk.shortcuts.on.value;
  const next = nextOf(queue);

  useEffect(() => {
    if (!on) return;
    const pressed = (event: KeyboardEvent) => {
      if (!isForPage(event)) return;
      if (event.key === "?") helping.value = true;
      else if (event.key === "n" && next) onNext(next);
      else if (event.key === "n" && queue.length > 0) desk.toasts.tell(t.shortcuts.nobody);
      else if (event.key === "s") desk.covered.value = true;
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [on, next, queue.length, onNext, desk, helping]);

  return (
    <>
      <button
        type="button"
        class="icon-button icon-button-plain strong for-keys"
        aria-label={t.shortcuts.open}
        title={t.shortcuts.open}
        onClick={() => (helping.value = true)}
      >
        {t.shortcuts.keys.help}
      </button>
      {helping.value && <Help desk={desk} onClose={() => (helping.value = false)} />}
    </>
  );
}

function Help({ desk, onClose }: { desk: Desk; onClose: () => void }) {
  const id = useId();
  const keys: [string, string][] = [
    [t.shortcuts.keys.next, t.shortcuts.next],
    [t.shortcuts.keys.cover, t.shortcuts.cover],
    [t.shortcuts.keys.help, t.shortcuts.help],
  ];
  return (
    <Dialog title={t.shortcuts.title} onClose={onClose}>
      <p class="muted">{t.shortcuts.lead}</p>
      <dl class="shortcuts">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="form-group-checkbox">
        <input
          type="checkbox"
          id={id}
          class="form-checkbox"
          checked={desk.shortcuts.on.value}
          onChange={(event) => desk.shortcuts.set(event.currentTarget.checked)}
        />
        <label class="form-label" for={id}>
          {t.shortcuts.on}
        </label>
      </div>
      <div class="buttons">
        <Button onClick={onClose}>{t.common.close}</Button>
      </div>
    </Dialog>
  );
}
