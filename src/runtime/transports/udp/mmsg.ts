/**
 * UDP in batches on Linux: recvmmsg and sendmmsg through koffi. The main thread opened the socket and will close it;
 * here it is attached, read and left. All sockets of a thread share one arena, one send batch and one reactor.
 */
import type { UdpSpec } from '../../../workers/protocol.ts';
import type { Binding, BindingContext } from '../../transport.ts';
import { MmsgBinding } from './mmsg-binding.ts';
import { createThreadResources, type ThreadResources } from './thread-resources.ts';

let resources: ThreadResources | undefined;

export async function openMmsg(spec: UdpSpec, context: BindingContext): Promise<Binding> {
  if (context.attachment === null) throw new Error('the native engine reads sockets that main has opened');
  resources ??= createThreadResources();
  return new MmsgBinding(resources, spec, context, context.attachment);
}
