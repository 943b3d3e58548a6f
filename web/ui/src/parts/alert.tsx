// A message beside what it is about; problems are announced at once, the rest when there is time.
import type { ComponentChildren } from "preact";
import { t } from "../texts";
import { Icon } from "./icon";

export interface AlertProps {
  kind: "info" | "success" | "warning" | "error";
  children: ComponentChildren;
  onClose?: (() => void) | undefined;
}

export function Alert({ kind, children, onClose }: AlertProps) {
  const urgent = kind === "warning" || kind === "error";
  return (
    <div class={`alert alert-${kind} notice`} role={urgent ? "alert" : "status"}>
      <Icon name={kind} />
      <div class="alert-body">
        <div class="alert-text">{children}</div>
      </div>
      {onClose && (
        <button type="button" class="icon-button" aria-label={t.common.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      )}
    </div>
  );
}
