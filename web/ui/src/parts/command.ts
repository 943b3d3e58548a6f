// One command at a time: which one runs, and how the last one was refused.
import { type Signal, useSignal } from "@preact/signals";

export interface Command {
  /** The name of the command under way, or null. */
  busy: Signal<string | null>;
  /** What the last command threw, until the next one. */
  refusal: Signal<unknown>;
  /** Runs `action` unless one is under way; true when it was carried out. */
  run: (name: string, action: () => Promise<unknown>) => Promise<boolean>;
}

export function useCommand(): Command {
  const busy = useSignal<string | null>(null);
  const refusal = useSignal<unknown>(null);
  const run = async (name: string, action: () => Promise<unknown>) => {
    if (busy.value !== null) return false;
    busy.value = name;
    refusal.value = null;
    try {
      await action();
      return true;
    } catch (error) {
      refusal.value = error;
      return false;
    } finally {
      busy.value = null;
    }
  };
  return { busy, refusal, run };
}
