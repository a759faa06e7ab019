/**
 * Writes a value as its shape says, in the wire's spelling. Members that are undefined are left out, never written as
 * null. Shapes are compiled once into closures, which is faster than building an object for `JSON.stringify`.
 */
import type { Shape, StructureShape } from "../shapes.ts";

/** Compiles a structure into a function that writes it as JSON text. */
export function encoderOf<T>(shape: StructureShape<T>): (value: T) => string {
  return writerOf(shape);
}

type Writer = (value: unknown) => string;

function writerOf(shape: Shape): Writer {
  switch (shape.kind) {
    case "string":
      return JSON.stringify;
    case "integer":
    case "boolean":
      return String;
    case "timestamp":
      // JSON 1.1 answers carry epoch seconds; a fraction is kept as it was sent.
      return (value) => String((value as number) / 1000);
    case "list": {
      const write = writerOf(shape.member);
      return (value) => {
        const list = value as readonly unknown[];
        let text = "[";
        for (let i = 0; i < list.length; i += 1) text += (i === 0 ? "" : ",") + write(list[i]);
        return `${text}]`;
      };
    }
    case "structure":
      return structureWriter(shape);
  }
}

function structureWriter(shape: StructureShape): Writer {
  const members = Object.entries(shape.members as Record<string, { wire: string; shape: Shape }>).map(
    ([name, member]) => ({ name, label: `${JSON.stringify(member.wire)}:`, write: writerOf(member.shape) }),
  );
  return (value) => {
    const source = value as Record<string, unknown>;
    let text = "";
    for (const member of members) {
      const item = source[member.name];
      if (item === undefined) continue;
      text += (text === "" ? "" : ",") + member.label + member.write(item);
    }
    return `{${text}}`;
  };
}
