/**
 * Three real nodes on a PostgreSQL and a NATS of their own, which a test lets end and begin.
 *
 * @module
 */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { binary, ServerApi } from './nuncio.js';

const program = fileURLToPath(new URL('../../../../target/debug/examples/cluster', import.meta.url));

/** What starts the nodes (`cargo build -p nuncio-testkit --example cluster`), if it has been built. */
export const clusterProgram = existsSync(program) && binary !== undefined ? program : undefined;

export class Cluster extends ServerApi {
  nodes: string[] = [];
  private child!: ChildProcess;
  private lines!: AsyncIterator<string>;

  async start(): Promise<void> {
    this.child = spawn(clusterProgram as string, [binary as string], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
    const told = JSON.parse(await this.line()) as { nodes: string[]; appKey: string; appSecret: string };
    [this.nodes, this.appKey, this.appSecret] = [told.nodes, told.appKey, told.appSecret];
    this.url = this.nodes[0]!;
  }

  /** Lets a node die, end in an orderly way, or begin again; resolves when it has. */
  async tell(what: 'kill' | 'drain' | 'launch', node: number): Promise<void> {
    this.child.stdin!.write(`${what} ${node}\n`);
    await this.line();
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin!.end();
    await ended;
  }

  private async line(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error('the cluster has ended');
    return value as string;
  }
}
