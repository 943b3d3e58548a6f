// Short news of what others did: shown for a while in a corner, read out, and to be put away. Nothing stands here alone.
import { type Signal, signal } from "@preact/signals";
import { t } from "../texts";
import { Icon } from "./icon";

const SHOWN_MS = 8_000;
const MOST = 4;

interface Toast {
  id: number;
  text: string;
}

export class Toasts {
  readonly shown: Signal<Toast[]> = signal([]);
  #next = 0;

  tell(text: string): void {
    const id = this.#next++;
    this.shown.value = [...this.shown.value, { id, text }].slice(-MOST);
    setTimeout(() => this.putAway(id), SHOWN_MS);
  }

  putAway = (id: number) => {
    this.shown.value = this.shown.value.filter((toast) => toast.id !== id);
  };
}

export function ToastList({ toasts }: { toasts: Toasts }) {
  return (
    <div class="toasts" role="status" aria-label={t.toasts.title}>
      {toasts.shown.value.map((toast) => (
        <div class="toast" key={toast.id}>
          <span>{toast.text}</span>
          <button
            type="button"
            class="icon-button"
            aria-label={t.common.close}
            onClick={() => toasts.putAway(toast.id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
