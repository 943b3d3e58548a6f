// A labelled date, written day first whatever language the browser speaks, or picked in the browser's calendar.
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { typedDate, wholeDate, writtenDate } from "../protocol/date-typed";
import { t } from "../texts";
import { Icon } from "./icon";

interface DateFieldProps {
  label: string;
  /** YYYY-MM-DD, or empty for none. */
  value: string;
  /** Told of whole dates and of none; while something else stands there, a form that has the field is not sent. */
  onValue: (value: string) => void;
  /** The last day to pick. */
  max?: string;
}

export function DateField({ label, value, onValue, max }: DateFieldProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const calendar = useRef<HTMLInputElement>(null);
  const text = useSignal(writtenDate(value));
  const wrong = useSignal(false);
  useEffect(() => {
    // Set from elsewhere; what is being typed stands as it is typed.
    if (typedDate(text.peek()) === (value || undefined)) return;
    text.value = writtenDate(value);
    wrong.value = false;
  }, [value, text, wrong]);
  useEffect(() => {
    const readable = text.value.trim() === "" || typedDate(text.value) !== undefined;
    field.current?.setCustomValidity(readable ? "" : t.date.wrong);
  }, [text.value]);

  const typing = (typed: string) => {
    text.value = typed;
    const date = typed.trim() === "" ? "" : wholeDate(typed);
    if (date === undefined) return;
    wrong.value = false;
    onValue(date);
  };
  const typed = () => {
    const date = text.value.trim() === "" ? "" : typedDate(text.value);
    wrong.value = date === undefined;
    if (date === undefined) return;
    text.value = writtenDate(date);
    onValue(date);
  };
  return (
    <div class={`form-group date-field${wrong.value ? " form-error" : ""}`}>
      <label class="form-label" for={id}>
        {label}
      </label>
      {wrong.value && (
        <span class="form-error-message" id={`${id}-error`} role="alert">
          {t.date.wrong}
        </span>
      )}
      <div class="date-entry">
        <input
          ref={field}
          id={id}
          type="text"
          inputMode="numeric"
          class="form-input"
          autocomplete="off"
          maxLength={10}
          placeholder={t.date.shape}
          aria-describedby={wrong.value ? `${id}-error` : undefined}
          aria-invalid={wrong.value ? "true" : undefined}
          value={text.value}
          onInput={(event) => typing(event.currentTarget.value)}
          onChange={typed}
          onInvalid={() => (wrong.value = true)}
        />
        <button
          type="button"
          class="icon-button icon-button-plain"
          aria-label={t.date.pick(label)}
          title={t.date.pick(label)}
          onClick={() => calendar.current?.showPicker()}
        >
          <Icon name="calendar" />
        </button>
        <input
          ref={calendar}
          type="date"
          class="date-calendar"
          tabIndex={-1}
          aria-hidden="true"
          max={max}
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      </div>
    </div>
  );
}
