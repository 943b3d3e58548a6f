// The name of the product and the choice of language: over a single panel, and in the bar of somebody logged in.
import type { ComponentChildren } from "preact";
import { t } from "../texts";
import { Icon } from "./icon";
import { LanguageSwitch } from "./language";

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

/** What stands over a page of one panel. */
export function Masthead() {
  return (
    <header class="masthead">
      <Brand />
      <LanguageSwitch />
    </header>
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
      <div class="top-bar-actions">
        {children}
        <LanguageSwitch />
      </div>
    </header>
  );
}
