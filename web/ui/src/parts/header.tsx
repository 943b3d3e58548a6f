// The name of the product, and the bar at the top of the pages of somebody logged in.
import type { ComponentChildren } from "preact";
import { t } from "../texts";
import { Icon } from "./icon";

export function Brand() {
  return (
    <span class="brand">
      <span class="brand-mark">
        <Icon name="videocam" />
      </span>
      {t.product}
    </span>
  );
}

export function TopBar({
  place,
  who,
  children,
}: {
  place?: string;
  who?: string;
  children: ComponentChildren;
}) {
  return (
    <header class="top-bar">
      <Brand />
      {(place || who) && (
        <div class="top-bar-place">
          {place && <span class="strong">{place}</span>}
          {who && <span class="muted">{who}</span>}
        </div>
      )}
      <div class="top-bar-actions">{children}</div>
    </header>
  );
}
