/** Each step of a signature as the server makes it, and the first that differs. */
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import type { SignatureDiagnosis } from "countinghouse/operator";
import { api } from "../../api/calls.ts";
import { Loading, Problem, State, type Tone } from "../../parts/parts.tsx";

interface SignatureProps {
  readonly requestId: string;
  readonly isFolded?: true;
}

export function Signature({ requestId, isFolded }: SignatureProps): ReactNode {
  const [isOpen, setIsOpen] = useState(isFolded === undefined);
  const diagnosis = useQuery({
    queryKey: ["signature", requestId],
    enabled: isOpen,
    queryFn: ({ signal }) => api().call("POST /signature-diagnosis", { body: { requestId }, signal }),
  });
  return (
    <details className="fold" open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>The signature, step by step</summary>
      <div className="fold-body">
        {!isOpen ? null : diagnosis.data === undefined ? (
          diagnosis.error === null ? (
            <Loading />
          ) : (
            <Problem error={diagnosis.error} />
          )
        ) : (
          <Steps diagnosis={diagnosis.data} />
        )}
      </div>
    </details>
  );
}

const TONES: Readonly<Record<SignatureDiagnosis["steps"][number]["verdict"], readonly [Tone, string]>> = {
  same: ["ok", "the same"],
  different: ["bad", "different"],
  unknown: ["plain", "not told"],
};

function Steps({ diagnosis }: { readonly diagnosis: SignatureDiagnosis }): ReactNode {
  const { good, steps, firstDifference } = diagnosis;
  return (
    <>
      <p className={good ? "done" : "problem"}>
        {good
          ? "The signature is the one that this key’s secret gives."
          : (firstDifference?.hint ?? "The signature is not the one that this key’s secret gives.")}
      </p>
      <ol className="steps">
        {steps.map(({ step, ours, theirs, verdict, hint }) => (
          <li key={step} className={firstDifference?.step === step ? "first-difference" : undefined}>
            <p className="step-name">
              {step.replaceAll("-", " ")} <State tone={TONES[verdict][0]}>{TONES[verdict][1]}</State>
            </p>
            {hint === undefined || hint === firstDifference?.hint ? null : <p className="quiet">{hint}</p>}
            {ours === undefined ? null : (
              <Text
                label="Ours"
                step={step}
                text={ours}
                marked={firstDifference?.step === step ? firstDifference.line : undefined}
              />
            )}
            {theirs === undefined || theirs === ours ? null : <Text label="Theirs" step={step} text={theirs} />}
          </li>
        ))}
      </ol>
    </>
  );
}

function Text({
  label,
  step,
  text,
  marked,
}: {
  readonly label: string;
  readonly step: string;
  readonly text: string;
  readonly marked?: number | undefined;
}): ReactNode {
  return (
    <div className="step-text">
      <span className="quiet">{label}</span>
      <pre tabIndex={0} role="region" aria-label={`${label}, ${step}`}>
        {text.split("\n").map((line, i) => (
          // oxlint-disable-next-line react/no-array-index-key -- lines of a text have nothing but their place
          <span key={i} className={marked === i + 1 ? "marked" : undefined}>
            {line}
            {"\n"}
          </span>
        ))}
      </pre>
    </div>
  );
}
