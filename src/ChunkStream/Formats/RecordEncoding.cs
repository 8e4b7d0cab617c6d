namespace ChunkStream.Formats;

/// <summary>
/// How one record becomes bytes. Several formats share an encoding, and differ in the bytes around the record.
/// </summary>
public enum RecordEncoding
{
    /// <summary>A string as it is; any other value as its JSON.</summary>
    Text,

    /// <summary>One JSON value, on one line.</summary>
    Json,

    /// <summary>
    /// The fields of one line of RFC 4180, without the line break. Null is an empty field; the empty text is <c>""</c>.
    /// </summary>
    Csv,

    /// <summary>
    /// The same as <see cref="Csv"/>, with an apostrophe before each text that a spreadsheet would take for a formula.
    /// </summary>
    SpreadsheetCsv,
}
