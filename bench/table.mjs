// Makes one table of what the bench programs wrote: node bench/table.mjs FOLDER FLAGS COMMIT
// reads FOLDER/*.json (Google Benchmark's --benchmark_out) and writes FOLDER/table.md and FOLDER/table.json, with the
// machine's facts. Cases that were repeated appear once, with the median. Exit code 1 when a case failed.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'

const [folder, flags, commit] = process.argv.slice(2)

function output(command, ...args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}

function machine() {
  const caches = output('lscpu').split('\n').filter(line => /^L[123]/.test(line)).map(line => line.replace(/:\s+/, ' '))
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    caches: caches.join(', '),
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    kernel: `Linux ${release()} ${arch()}`,
    compiler: output('c++', '--version').split('\n')[0],
    flags,
    commit,
    date: new Date().toISOString().slice(0, 19) + 'Z',
    load: readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' '),
  }
}

const own = new Set(['name', 'family_index', 'per_family_instance_index', 'run_name', 'run_type', 'repetitions',
  'repetition_index', 'threads', 'iterations', 'real_time', 'cpu_time', 'time_unit', 'aggregate_name', 'aggregate_unit',
  'error_occurred', 'error_message'])
const inMilliseconds = { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3 }

function rowsOf(program) {
  const { benchmarks } = JSON.parse(readFileSync(`${folder}/${program}.json`, 'utf8'))
  const repeated = new Set(benchmarks.filter(b => b.aggregate_name === 'median').map(b => b.run_name))
  return benchmarks
    .filter(b => b.error_occurred || (repeated.has(b.run_name) ? b.aggregate_name === 'median' : b.run_type !== 'aggregate'))
    .map(b => ({
      program,
      name: b.run_name,
      milliseconds: b.real_time * inMilliseconds[b.time_unit],
      error: b.error_occurred ? b.error_message : undefined,
      counters: Object.fromEntries(Object.entries(b).filter(([key]) => !own.has(key))),
    }))
}

function readable(value) {
  if (!Number.isFinite(value)) return 'none'  // A rate of nothing, in a quick check.
  for (const [size, unit] of [[1e9, ' G'], [1e6, ' M'], [1e3, ' k']]) {
    if (Math.abs(value) >= size) return (value / size).toPrecision(3) + unit
  }
  return String(Number(value.toPrecision(3)))
}

const programs = readdirSync(folder).filter(f => f.endsWith('.json') && f !== 'table.json').map(f => f.slice(0, -5)).sort()
const facts = machine()
const rows = programs.flatMap(rowsOf)
const lines = ['# Benchmarks', '', ...Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`)]
for (const program of programs) {
  lines.push('', `## ${program}`, '', '| case | ms | |', '|---|---|---|')
  for (const row of rows.filter(r => r.program === program)) {
    const counters = Object.entries(row.counters).map(([name, value]) => `${name.replaceAll('_', ' ')} ${readable(value)}`)
    lines.push(`| ${row.name} | ${row.error ? '' : readable(row.milliseconds)} | ${row.error ? `FAILED: ${row.error}` : counters.join(', ')} |`)
  }
}
writeFileSync(`${folder}/table.md`, lines.join('\n') + '\n')
writeFileSync(`${folder}/table.json`, JSON.stringify({ machine: facts, rows }, null, 1) + '\n')
console.log(`bench: ${folder}/table.md and table.json`)
if (rows.some(row => row.error)) process.exit(1)
