namespace ChunkStream.Formats;

/// <summary>How one record becomes bytes. Several formats share an encoding and differ in the framing around it.</summary>
public enum RecordEncoding
{
    /// <summary>A text as it is; anything else as its JSON.</summary>
    Text,

    /// <summary>One JSON value, on one line.</summary>
    Json,

    /// <summary>The fields of one line of RFC 4180, without its line break: null is empty, the empty text is <c>""</c>.</summary>
    Csv,

    /// <summary>As <see cref="Csv"/>, but for texts that a spreadsheet would take for formulas: an apostrophe stands before them.</summary>
    SpreadsheetCsv,
}
