/**
 * The JSON Schema of a configuration file, walked by path: from one description come the messages ("expected …"), the
 * generated documentation and the published schemas.
 */
import { z } from 'zod';

/** One place of a JSON Schema, as far as we read it. */
export const Shape = z.looseObject({
  title: z.string().optional(),
  description: z.string().optional(),
  /** Our own: what is allowed, where JSON Schema has no word for it. */
  expected: z.string().optional(),
  /** Our own: the file that sets this bound, and what to do about a value beyond it. */
  boundFrom: z.string().optional(),
  fix: z.string().optional(),
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  default: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
  required: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  propertyNames: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});
export type Shape = z.infer<typeof Shape>;

/** The shape of what people write (before amounts are parsed). */
export function shapeOf(schema: z.ZodType): Shape {
  return Shape.parse(z.toJSONSchema(schema, { io: 'input' }));
}

/** The shape at a path; null where the path leaves the schema. */
export function shapeAt(root: Shape, path: readonly PropertyKey[]): Shape | null {
  let shape: Shape | null = root;
  for (const part of path) shape = shape === null ? null : step(shape, part);
  return shape;
}

function step(shape: Shape, part: PropertyKey): Shape | null {
  if (typeof part === 'number') return toShape(shape.items);
  const named = shape.properties?.[String(part)] ?? shape.additionalProperties;
  if (named !== undefined && named !== false) return toShape(named);
  const branches = (shape.anyOf ?? []).map(toShape).filter((branch) => branch !== null);
  return branches.map((branch) => step(branch, part)).find((found) => found !== null) ?? null;
}

/** A nested value as a shape; null for anything that is no object. */
export function toShape(value: unknown): Shape | null {
  const parsed = Shape.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** `one of 'junit', 'tap'`, `a whole number from 1 to 20`: what may stand here. */
export function allowed(shape: Shape): string {
  if (shape.expected !== undefined) return shape.expected;
  if (shape.enum !== undefined) return `one of ${shape.enum.map((value) => `'${String(value)}'`).join(', ')}`;
  switch (shape.type) {
    case 'integer':
      return `a whole number from ${shape.minimum} to ${shape.maximum}`;
    case 'number':
      return `a number from ${shape.minimum} to ${shape.maximum}`;
    case 'string':
      return shape.maxLength === undefined ? 'text' : `text of at most ${shape.maxLength} characters`;
    case 'array':
      return shape.maxItems === undefined ? 'a list' : `a list of at most ${shape.maxItems}`;
    case 'boolean':
      return "'true' or 'false'";
    default:
      return shape.anyOf === undefined ? 'a map of keys' : unionText(shape.anyOf);
  }
}

function unionText(branches: readonly unknown[]): string {
  const texts = branches.map(toShape).filter((branch) => branch !== null);
  return texts.map((branch) => (branch.type === 'null' ? 'null' : allowed(branch))).join(' or ');
}
