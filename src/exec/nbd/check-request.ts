/** What is wrong with a request, before the backend sees it. */
import type { BlockBackend } from './backend.ts';
import {
  CMD_FLAG_DF,
  CMD_FLAG_FUA,
  CMD_FLAG_NO_HOLE,
  CMD_FLUSH,
  CMD_READ,
  CMD_TRIM,
  CMD_WRITE,
  CMD_WRITE_ZEROES,
  EINVAL,
  ENOSPC,
  EOVERFLOW,
  EPERM,
  MAX_PAYLOAD_BYTES,
} from './protocol.ts';
import type { RequestHeader } from './request.ts';

/** Flags that a command may have ("Command flags"), or -1. FUA is taken with all of them, as the document asks. */
function allowedFlags(command: number, structured: boolean): number {
  switch (command) {
    case CMD_READ:
      return structured ? CMD_FLAG_FUA | CMD_FLAG_DF : CMD_FLAG_FUA;
    case CMD_WRITE:
    case CMD_FLUSH:
    case CMD_TRIM:
      return CMD_FLAG_FUA;
    case CMD_WRITE_ZEROES:
      return CMD_FLAG_FUA | CMD_FLAG_NO_HOLE;
    default:
      return -1;
  }
}

/** The error value for this request, or 0 ("Error values"). */
export function checkRequest(header: RequestHeader, backend: BlockBackend, structured: boolean): number {
  const { command, flags, offset, length } = header;
  const allowed = allowedFlags(command, structured);
  if (allowed < 0 || (flags & ~allowed) !== 0) return EINVAL;
  if (command === CMD_FLUSH) return offset === 0 && length === 0 ? 0 : EINVAL;
  if (command !== CMD_READ && backend.readOnly) return EPERM;
  if (command === CMD_READ && length > MAX_PAYLOAD_BYTES)
    return (flags & CMD_FLAG_DF) !== 0 ? EOVERFLOW : EINVAL;
  const { sizeBytes, minimumBlockBytes } = backend;
  if (offset + length > sizeBytes)
    return command === CMD_WRITE || command === CMD_WRITE_ZEROES ? ENOSPC : EINVAL;
  return offset % minimumBlockBytes === 0 && length % minimumBlockBytes === 0 ? 0 : EINVAL;
}
