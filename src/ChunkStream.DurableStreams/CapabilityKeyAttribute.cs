using System.ComponentModel.DataAnnotations;
using System.Text;

namespace ChunkStream.DurableStreams;

/// <summary>Checks that a secret of capability URLs is long.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class CapabilityKeyAttribute : ValidationAttribute
{
    private const int MinBytes = 32;

    /// <inheritdoc />
    public override bool IsValid(object? value)
        => value is null || (value is string key && Encoding.UTF8.GetByteCount(key.Trim()) >= MinBytes);

    /// <inheritdoc />
    public override string FormatErrorMessage(string name)
        => $"ChunkStream:Streams:{name} must have {MinBytes} bytes or more: a random text, such as "
            + "'openssl rand -base64 32' gives.";
}
