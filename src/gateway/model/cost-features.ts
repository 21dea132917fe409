/** Finds what in a request costs money that its bytes do not bound: a walk over parsed JSON that knows no block by name but these. */
import type { CostFeature } from '../../ledger/cost-feature.ts';

/** What a walk found. */
export interface Found {
  readonly features: Set<CostFeature>;
  images: number;
  /** Tools and blocks known by a dated type, whose definition the provider adds. */
  typedTools: number;
}

/** Nothing yet. */
export function nothingFound(): Found {
  return { features: new Set(), images: 0, typedTools: 0 };
}

/** Tools that run on the provider's side: each of their turns reads the whole input again, and some cost a fee. */
const SERVER_TOOL = /^(web_search|web_fetch|code_execution|advisor|tool_search_tool_[a-z0-9]+)(_\d{8})?$/;
const DATED = /_\d{8}$/;
const SOURCES: Readonly<Record<string, CostFeature>> = { url: 'url-sources', file: 'file-sources' };

/** Walks messages, tools or a system prompt. What a model put into a tool's `input` is data and not looked at. */
export function findIn(value: unknown, found: Found): void {
  if (Array.isArray(value)) for (const item of value) findIn(item, found);
  else if (value !== null && typeof value === 'object') findInObject(value, found);
}

function findInObject(value: object, found: Found): void {
  const entries = new Map<string, unknown>(Object.entries(value));
  const type = entries.get('type');
  if (typeof type === 'string') noteType(type, found);
  const source = entries.get('source');
  if (source !== null && typeof source === 'object') noteSource(type, source, found);
  for (const [key, inner] of entries) {
    const isData =
      (key === 'input' && (type === 'tool_use' || type === 'server_tool_use')) || key === 'input_schema';
    if (!isData) findIn(inner, found);
  }
}

function noteType(type: string, found: Found): void {
  if (SERVER_TOOL.test(type)) found.features.add('server-tools');
  if (type === 'mcp_toolset') found.features.add('mcp');
  if (type === 'container_upload') found.features.add('container');
  if (type === 'image') found.images += 1;
  if (DATED.test(type)) found.typedTools += 1;
}

function noteSource(blockType: unknown, source: object, found: Found): void {
  const entries = new Map<string, unknown>(Object.entries(source));
  const type = entries.get('type');
  const feature = typeof type === 'string' ? SOURCES[type] : undefined;
  if (feature !== undefined) found.features.add(feature);
  if (blockType === 'document' && type === 'base64') found.features.add('pdf');
}

/** Members of the body, beside `messages`, that name a price of their own or state that the bytes do not show. */
export function findInHead(head: Readonly<Record<string, unknown>>, found: Found): void {
  const add = (feature: CostFeature, present: boolean) => present && found.features.add(feature);
  add('mcp', isThere(head['mcp_servers']));
  add('container', isThere(head['container']));
  add('thread', isThere(head['thread']));
  add('fallbacks', isThere(head['fallbacks']));
  add('speed', isThere(head['speed']) && head['speed'] !== 'standard');
  add('region', isThere(head['inference_geo']) && head['inference_geo'] !== 'global');
  add('compaction', /"compact_\d/.test(JSON.stringify(head['context_management'] ?? null)));
  findIn(head['tools'], found);
  findIn(head['system'], found);
}

/** The header `anthropic-beta` can choose a dearer price too. */
export function findInBetas(betas: string | undefined, found: Found): void {
  if (betas?.includes('context-1m') === true) found.features.add('long-context');
}

function isThere(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return !(Array.isArray(value) && value.length === 0);
}
