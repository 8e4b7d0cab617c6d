namespace ChunkStream.Benchmarks.E2e.Client;

/// <summary>
/// Removes HTTP's chunked framing from a body, and tells whether the end was clean. It expects no trailers.
/// </summary>
internal sealed class ChunkedDecoder(IBodySink sink)
{
    private const int LargestSizeDigits = 8;

    private State _state = State.Size;
    private long _left;
    private int _digits;

    private enum State
    {
        Size,
        SizeLine,
        Data,
        DataEnd,
        LastLine,
        Ended,
    }

    /// <summary>How many bytes the body has had so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the body's end has come.</summary>
    public bool IsEnded => _state == State.Ended;

    /// <summary>Takes the next bytes of the connection.</summary>
    /// <exception cref="InvalidDataException">The bytes are not chunks.</exception>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_state == State.Data)
                bytes = TakeData(bytes);
            else
            {
                TakeFraming(bytes[0]);
                bytes = bytes[1..];
            }
        }
    }

    private ReadOnlySpan<byte> TakeData(ReadOnlySpan<byte> bytes)
    {
        var length = (int)Math.Min(_left, bytes.Length);
        sink.Take(bytes[..length]);
        Bytes += length;
        _left -= length;
        if (_left == 0)
            _state = State.DataEnd;
        return bytes[length..];
    }

    private void TakeFraming(byte value)
    {
        switch (_state)
        {
            case State.Size when char.IsAsciiHexDigit((char)value) && _digits < LargestSizeDigits:
                _left = (_left * 16) + HexDigit(value);
                _digits++;
                break;
            case State.Size when value == '\r' && _digits > 0:
                _state = State.SizeLine;
                break;
            case State.SizeLine when value == '\n':
                _state = _left > 0 ? State.Data : State.LastLine;
                _digits = 0;
                break;
            case State.DataEnd when value == '\r':
                break;
            case State.DataEnd when value == '\n':
                _state = State.Size;
                break;
            case State.LastLine when value == '\r':
                break;
            case State.LastLine when value == '\n':
                _state = State.Ended;
                break;
            default:
                throw new InvalidDataException($"Byte {value} has no place in chunked framing ({_state}).");
        }
    }

    private static int HexDigit(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
