// A modal dialog on the native element: the page behind is inert, Escape closes it, focus comes back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { da } from "../texts/da";
import { refusalText } from "../texts/refusal";
import { Alert } from "./alert";
import { Button } from "./button";
import { useCommand } from "./command";

export interface DialogProps {
  title: string;
  /** The name of the button that does it. */
  confirm: string;
  /** What it does. The dialog closes when it succeeds, and says why when it is refused. */
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
}

export function ConfirmDialog({ title, confirm, onConfirm, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const command = useCommand();

  useEffect(() => {
    element.current?.showModal();
  }, []);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (await command.run("confirm", onConfirm)) onClose();
  };

  return (
    <dialog ref={element} class="dialog" aria-labelledby={heading} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={heading} class="h4">
          {title}
        </h2>
        {children}
        {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
        <div class="buttons">
          <Button type="submit" look="primary" busy={command.busy.value !== null}>
            {confirm}
          </Button>
          <Button onClick={onClose}>{da.common.cancel}</Button>
        </div>
      </form>
    </dialog>
  );
}
