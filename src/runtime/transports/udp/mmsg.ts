/**
 * UDP in batches on Linux: recvmmsg and sendmmsg through koffi. The main thread opened the socket and will close it;
 * here it is attached, read and left. All sockets of a thread share one arena, one send batch and one reactor.
 */
import type { BindingSpec } from '../../../workers/protocol.ts';
import type { Binding, BindingContext, Transport } from '../transport.ts';
import { MmsgBinding } from './mmsg-binding.ts';
import { createThreadResources, type ThreadResources } from './thread-resources.ts';

export const mmsgTransport: Transport = { engine: 'mmsg', open };

let resources: ThreadResources | undefined;

async function open(spec: BindingSpec, context: BindingContext): Promise<Binding> {
  if (context.attachment === null) throw new Error('the native engine reads sockets that main has opened');
  resources ??= createThreadResources();
  return new MmsgBinding(resources, spec, context, context.attachment);
}
