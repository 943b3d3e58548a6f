// A button over the picture: an icon, and under it what it does.
import type { JSX } from "preact";
import { Icon, type IconName } from "../parts/icon";

interface CallButtonProps extends Omit<JSX.IntrinsicElements["button"], "class" | "ref" | "icon" | "label"> {
  icon: IconName;
  label: string;
  /** Stands beside the label: how many there are that have not been seen. */
  count?: number;
  off?: boolean;
  danger?: boolean;
}

export function CallButton({ icon, label, count = 0, off, danger, ...rest }: CallButtonProps) {
  const look = danger ? " call-button-danger" : off ? " call-button-off" : "";
  return (
    <button type="button" class={`call-button${look}`} {...rest}>
      <Icon name={icon} />
      <span>{label}</span>
      {count > 0 && <span class="call-button-count">{count}</span>}
    </button>
  );
}
