// Covers a page that nobody has touched for a while, so that nobody passing by reads it. Any key or click takes the cover off,
// and does nothing else: neither reaches the page behind it.
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../texts";
import { Icon } from "./icon";

const TOUCHES = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;
/** What a gesture is made of. The whole gesture that takes the cover off is the cover's, to its last event. */
const GESTURES = [
  "keydown",
  "keypress",
  "keyup",
  "pointerdown",
  "pointerup",
  "mousedown",
  "mouseup",
  "click",
  "auxclick",
  "contextmenu",
] as const;
const LOOK_MS = 1_000;

interface CoveredProps {
  /** How long nobody must have touched the page; 0: never covered by itself. */
  afterMinutes: number;
  /** Covers the page at once, when set; cleared as the cover goes. */
  covered: Signal<boolean>;
  children: ComponentChildren;
}

export function Covered({ afterMinutes, covered, children }: CoveredProps) {
  useEffect(() => {
    if (afterMinutes === 0) return;
    let touched = Date.now();
    const touch = () => {
      touched = Date.now();
    };
    const look = () => {
      if (Date.now() - touched >= afterMinutes * 60_000) covered.value = true;
    };
    const timer = setInterval(look, LOOK_MS);
    // A machine that wakes up shows nothing first.
    document.addEventListener("visibilitychange", look);
    for (const each of TOUCHES) window.addEventListener(each, touch, { capture: true, passive: true });
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      for (const each of TOUCHES) window.removeEventListener(each, touch, { capture: true });
    };
  }, [afterMinutes, covered]);

  return (
    <>
      {/* Out of sight and out of the accessibility tree, yet alive: what was typed is there afterwards. */}
      <div class="covered" hidden={covered.value}>
        {children}
      </div>
      {covered.value && <Cover onOff={() => (covered.value = false)} />}
    </>
  );
}

function Cover({ onOff }: { onOff: () => void }) {
  const element = useRef<HTMLDialogElement>(null);
  // Before the browser draws: with what is hidden then it takes the focus away.
  useLayoutEffect(() => {
    const before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    // Above any dialog that was open, which would hold the page otherwise.
    element.current?.showModal();
    let pressed = false;
    const swallow = (event: Event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      // The key that put the cover on comes up under it.
      if (event.type === "keydown") pressed = true;
      if (event.type === "click" || event.type === "auxclick" || (pressed && event.type === "keyup")) onOff();
    };
    for (const each of GESTURES) window.addEventListener(each, swallow, { capture: true, passive: false });
    return () => {
      for (const each of GESTURES) window.removeEventListener(each, swallow, { capture: true });
      // The page is shown again by the same change; whoever was in a field goes on there.
      requestAnimationFrame(() => before?.focus());
    };
  }, []);
  return (
    <dialog
      ref={element}
      class="cover"
      aria-labelledby="cover-text"
      onCancel={(event) => event.preventDefault()}
    >
      <Icon name="visibilityOff" />
      <p id="cover-text" class="h4">
        {t.cover.title}
      </p>
      <p>{t.cover.body}</p>
    </dialog>
  );
}
