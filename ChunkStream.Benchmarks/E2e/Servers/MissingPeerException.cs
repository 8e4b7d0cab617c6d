namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>The machine lacks what a peer needs: the message names it, and how to get it.</summary>
internal sealed class MissingPeerException(string message, Exception? inner = null) : Exception(message, inner);
