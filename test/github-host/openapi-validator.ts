/** Checks requests against GitHub's own OpenAPI description: path, query and body. Stricter than GitHub: unknown keys count. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';
import { z } from 'zod';

const Parameter = z.object({ name: z.string(), in: z.string(), required: z.boolean().optional() });
const Reference = z.object({ $ref: z.string() });
const Operation = z.object({
  operationId: z.string(),
  parameters: z.array(z.union([Reference, Parameter])).default([]),
  requestBody: z
    .object({
      required: z.boolean().optional(),
      content: z.record(z.string(), z.object({ schema: z.looseObject({}) })),
    })
    .optional(),
});
type Operation = z.infer<typeof Operation>;
const Description = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({ parameters: z.record(z.string(), Parameter), schemas: z.unknown() }),
});

/** What is checked of a request. */
export interface CheckedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Answers each way in which a request strays from the description; empty when it holds. */
export type CheckRequest = (request: CheckedRequest) => string[];

interface Route {
  readonly method: string;
  readonly template: string;
  readonly pattern: RegExp;
}

let shared: CheckRequest | null = null;

/** The check; the description (13 MB) is read once per process. */
export function requestCheck(): CheckRequest {
  shared ??= buildCheck();
  return shared;
}

function buildCheck(): CheckRequest {
  const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
  const document: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const description = Description.parse(document);
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, validateSchema: false });
  ajv.addSchema({ components: { schemas: description.components.schemas } }, 'github');
  const routes = buildRoutes(description.paths);
  const compiled = new Map<string, ValidateFunction | null>();
  const bodyCheck = (route: Route, operation: Operation): ValidateFunction | null => {
    const key = `${route.method} ${route.template}`;
    const known = compiled.get(key);
    if (known !== undefined) return known;
    const schema = operation.requestBody?.content['application/json']?.schema;
    const check = schema ? ajv.compile(z.looseObject({}).parse(forAjv(schema))) : null;
    compiled.set(key, check);
    return check;
  };
  return (request) => {
    const route = findRoute(routes, request);
    if (!route) return [`${request.method} ${request.path}: no such operation`];
    const operation = Operation.parse(description.paths[route.template]?.[route.method]);
    const named = `${request.method} ${request.path} (${operation.operationId})`;
    return [
      ...queryProblems(operation, description.components.parameters, request.query),
      ...bodyProblems(operation, bodyCheck(route, operation), request.body),
    ].map((problem) => `${named}: ${problem}`);
  };
}

/** OpenAPI 3.0 says `nullable` where JSON Schema has a type; references are made absolute. */
function forAjv(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(forAjv);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, key === '$ref' ? `github${value}` : forAjv(value)]),
  );
  return nullable === true ? { anyOf: [{ type: 'null' }, rest] } : rest;
}

function buildRoutes(paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Route[] {
  return Object.entries(paths).flatMap(([template, methods]) => {
    const source = template
      .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
      .replace(/\{(ref|path|branch|basehead)\}/g, '.+')
      .replace(/\{[^}]+\}/g, '[^/]+');
    const pattern = new RegExp(`^${source}$`);
    return Object.keys(methods).map((method) => ({ method, template, pattern }));
  });
}

/** Templates with fewer placeholders win, then longer ones. */
function findRoute(routes: readonly Route[], request: CheckedRequest): Route | undefined {
  const placeholders = (route: Route): number => route.template.split('{').length;
  return routes
    .filter((route) => route.method === request.method.toLowerCase() && route.pattern.test(request.path))
    .sort((a, b) => placeholders(a) - placeholders(b) || b.template.length - a.template.length)[0];
}

function queryProblems(
  operation: Operation,
  components: Readonly<Record<string, z.infer<typeof Parameter>>>,
  query: Readonly<Record<string, string>>,
): string[] {
  const parameters = operation.parameters.flatMap((parameter) => {
    if (!('$ref' in parameter)) return [parameter];
    const found = components[parameter.$ref.split('/').at(-1) ?? ''];
    return found ? [found] : [];
  });
  const allowed = parameters.filter((parameter) => parameter.in === 'query');
  const unknown = Object.keys(query).filter((name) => !allowed.some((parameter) => parameter.name === name));
  const missing = allowed.filter((parameter) => parameter.required === true && !(parameter.name in query));
  return [
    ...unknown.map((name) => `unknown query parameter '${name}'`),
    ...missing.map((parameter) => `missing query parameter '${parameter.name}'`),
  ];
}

function bodyProblems(operation: Operation, check: ValidateFunction | null, body: unknown): string[] {
  if (body === null || body === undefined) {
    return operation.requestBody?.required === true ? ['a body is required'] : [];
  }
  if (!check) return isEmpty(body) ? [] : ['a body is sent, none is described'];
  const schema = operation.requestBody?.content['application/json']?.schema;
  const problems = unknownKeys(schema?.['properties'], body);
  if (!check(body)) {
    problems.push(
      ...(check.errors ?? []).map((error) => `body${error.instancePath} ${error.message ?? 'is wrong'}`),
    );
  }
  return problems;
}

function isEmpty(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Object.keys(body).length === 0;
}

function unknownKeys(properties: unknown, body: unknown): string[] {
  if (typeof properties !== 'object' || properties === null) return [];
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [];
  return Object.keys(body)
    .filter((key) => !(key in properties))
    .map((key) => `unknown body property '${key}'`);
}
