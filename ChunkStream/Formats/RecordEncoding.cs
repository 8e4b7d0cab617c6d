namespace ChunkStream.Formats;

/// <summary>How one record becomes bytes. Several formats share an encoding and differ in the framing around it.</summary>
public enum RecordEncoding
{
    /// <summary>A text as it is; anything else as its JSON.</summary>
    Text,

    /// <summary>One JSON value, on one line.</summary>
    Json,
}
