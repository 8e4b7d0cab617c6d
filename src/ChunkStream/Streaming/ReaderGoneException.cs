namespace ChunkStream.Streaming;

/// <summary>The reader of a stream's bytes will take no more of them.</summary>
internal sealed class ReaderGoneException() : Exception("The reader of this stream is gone.");
