// A modal dialog on the native element: the page behind is inert, Escape closes it, focus comes back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import { Alert } from "./alert";
import { Button } from "./button";
import { useCommand } from "./command";

export interface ConfirmDialogProps {
  title: string;
  wide?: boolean;
  /** The name of the button that does it. */
  confirm: string;
  /** What it does. The dialog closes when it succeeds, and says why when it is refused. */
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
}

interface DialogProps {
  title: string;
  wide?: boolean | undefined;
  onClose: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, wide, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog
      ref={element}
      class={`dialog${wide ? " dialog-wide" : ""}`}
      aria-labelledby={heading}
      onClose={onClose}
    >
      <h2 id={heading} class="h4">
        {title}
      </h2>
      {children}
    </dialog>
  );
}

export function ConfirmDialog({ title, wide, confirm, onConfirm, onClose, children }: ConfirmDialogProps) {
  const command = useCommand();
  const buttons = useRef<HTMLDivElement>(null);
  // Where nothing has to be filled in, a key held down must not do it: the way back has the focus.
  useEffect(() => {
    const [does, cancels] = buttons.current?.querySelectorAll("button") ?? [];
    if (document.activeElement === does) cancels?.focus();
  }, []);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (await command.run("confirm", onConfirm)) onClose();
  };

  return (
    <Dialog title={title} wide={wide} onClose={onClose}>
      <form onSubmit={submit}>
        {children}
        {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
        <div class="buttons" ref={buttons}>
          <Button type="submit" look="primary" busy={command.busy.value !== null}>
            {confirm}
          </Button>
          <Button onClick={onClose}>{t.common.cancel}</Button>
        </div>
      </form>
    </Dialog>
  );
}
