// The name of the product and the choice of language: over a single panel, and in the bar of somebody logged in.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { t } from "../texts";
import { Icon } from "./icon";
import { LanguageSwitch } from "./language";

export function Brand() {
  return (
    <span class="brand">
      <span class="brand-mark">
        <Icon name="videocam" />
      </span>
      <span class="brand-name">{t.product}</span>
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

interface TopBarProps {
  place?: string;
  who?: string;
  /** The name of the button that shows the rest where the window is narrow. Without it the rest is always shown. */
  menu?: string;
  children: ComponentChildren;
}

export function TopBar({ place, who, menu, children }: TopBarProps) {
  const id = useId();
  const open = useSignal(false);
  return (
    <header class={`top-bar${menu ? " top-bar-folds" : ""}`}>
      <Brand />
      {(place || who) && (
        <div class="top-bar-place">
          {place && <span class="strong">{place}</span>}
          {who && <span class="muted">{who}</span>}
        </div>
      )}
      {menu && (
        <button
          type="button"
          class="button button-tertiary button-small top-bar-menu"
          aria-expanded={open.value}
          aria-controls={id}
          onClick={() => (open.value = !open.value)}
        >
          <Icon name={open.value ? "close" : "menu"} />
          {menu}
        </button>
      )}
      <div id={id} class={`top-bar-actions${open.value ? " top-bar-open" : ""}`}>
        {children}
        <LanguageSwitch />
      </div>
    </header>
  );
}
