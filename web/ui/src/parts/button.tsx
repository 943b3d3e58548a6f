// A button that shows that its command is under way, and cannot be pressed meanwhile.
import type { ComponentChildren, JSX } from "preact";
import { t } from "../texts";

export interface ButtonProps extends Omit<JSX.IntrinsicElements["button"], "class" | "ref" | "children"> {
  look?: "primary" | "secondary" | "tertiary" | "warning" | undefined;
  small?: boolean | undefined;
  busy?: boolean | undefined;
  children: ComponentChildren;
}

export function Button({
  look = "secondary",
  small,
  busy,
  disabled,
  type = "button",
  children,
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      class={`button button-${look}${small ? " button-small" : ""}`}
      disabled={busy || disabled}
      aria-busy={busy ? "true" : undefined}
      {...rest}
    >
      {children}
      {busy && <span class="spinner spinner-small" title={t.common.busy} />}
    </button>
  );
}
