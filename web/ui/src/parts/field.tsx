// A labelled input or text area, with its hint and its error tied to it for those who do not see the screen.
import { useId } from "preact/hooks";

interface FieldProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
  hint?: string | undefined;
  error?: string | undefined;
  /** A text area of so many rows, instead of an input of one line. */
  rows?: number;
  type?: "text" | "search";
  inputMode?: "text" | "numeric";
  maxLength?: number;
}

export function Field({
  label,
  value,
  onValue,
  hint,
  error,
  rows,
  type = "text",
  inputMode,
  maxLength,
}: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  // No `name`: what is typed can then never end up in an address, whatever submits the form.
  const shared = {
    id,
    value,
    maxLength,
    class: "form-input",
    autocomplete: "off" as const,
    "aria-describedby": described,
    "aria-invalid": error ? ("true" as const) : undefined,
    onInput: (event: { currentTarget: { value: string } }) => onValue(event.currentTarget.value),
  };
  return (
    <div class={`form-group${error ? " form-error" : ""}`}>
      <label class="form-label" for={id}>
        {label}
      </label>
      {hint && (
        <span class="form-hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {error && (
        <span class="form-error-message" id={`${id}-error`} role="alert">
          {error}
        </span>
      )}
      {rows !== undefined && <textarea rows={rows} {...shared} />}
      {rows === undefined && type === "text" && <input type="text" inputMode={inputMode} {...shared} />}
      {rows === undefined && type === "search" && <input type="search" {...shared} />}
    </div>
  );
}
