namespace ChunkStream.Streaming;

/// <summary>The reader of a stream will take no more bytes.</summary>
internal sealed class ReaderGoneException() : Exception("The reader of this stream is gone.");
